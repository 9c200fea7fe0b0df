/** `berth agent`: a node under a manager, in the foreground. */
import { BerthError } from '@berth/wire';
import type { ResolvedSettings } from '../config/agent-settings.js';

/** An agent that serves. */
export interface RunningAgent {
  readonly instanceId: string;
  /** Of the gateway for local `berth` commands. */
  readonly endpoint: string;
  /** As --on-stop says. Idempotent. */
  stop(): Promise<void>;
}

/** Resolves when the agent has stopped. `onReady` is told once it serves. */
export function serveAgent(_resolved: ResolvedSettings, _onReady: (agent: RunningAgent) => void): Promise<void> {
  return Promise.reject(new BerthError('internal', 'not wired yet'));
}
