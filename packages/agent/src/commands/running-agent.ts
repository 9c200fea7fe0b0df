/** An agent that serves. */
export interface RunningAgent {
  readonly instanceId: string;
  /** Of the gateway for local `berth` commands. */
  readonly endpoint: string;
  /** As --on-stop says. Idempotent. */
  stop(): Promise<void>;
}
