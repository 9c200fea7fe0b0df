/** The channel port: the agent's end of a link to a kernel's runner. Adapter: `runner-link/`; later the 2018 runner over ZeroMQ. */
import type {
  AttachOptions,
  Hello,
  RunId,
  RunnerMethod,
  RunnerMethods,
  RunnerSpec,
  RunStream,
  Supervisor,
  Tunnel,
} from '@berth/wire';

/** Who connects, and to what. */
export interface ChannelTarget {
  /** Host directory that holds `runner.sock`; any length. */
  readonly runDirectory: string;
  /** Which supervisor is expected there. */
  readonly supervisor: Supervisor;
  readonly kernelId: string;
  readonly incarnation: number;
  readonly agentId: string;
  readonly epoch: number;
  readonly token: string;
  readonly spec: RunnerSpec;
}

/** An open link. When it closes, pending calls and streams reject with `runner-lost`. */
export interface RunnerChannel {
  readonly hello: Hello;
  /** Resolves, never rejects, when the link is gone; with the reason for a person. */
  readonly closed: Promise<string>;
  call<Method extends RunnerMethod>(
    method: Method,
    params: RunnerMethods[Method]['params'],
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<RunnerMethods[Method]['result']>;
  /** Errors: no-such-run. */
  attach(run: RunId, options: AttachOptions): Promise<RunStream>;
  /** A connection to a port of the kernel's loopback. Errors: service-unreachable, too-many-tunnels, runner-incompatible. */
  connect(port: number, signal?: AbortSignal): Promise<Tunnel>;
  /** The definition of a service that the image brings along, as text; null when it has none. Errors: runner-incompatible. */
  definition(name: string): Promise<string | null>;
  close(): void;
}

/** Opens links. Rejects with `runner-lost` when nobody listens (yet), `runner-incompatible` when no version fits. */
export interface RunnerConnector {
  connect(target: ChannelTarget, signal?: AbortSignal): Promise<RunnerChannel>;
}
