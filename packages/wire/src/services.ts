/** Services of a kernel: programs in it that listen on a port, and connections to such ports. */
import type { RunId } from './ids.js';
import type { ServiceMark } from './spec.js';

export const SERVICE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;

/** What is given after the name of an argument: nothing, a value, or several. */
export type ServiceArgument = string | readonly string[] | null;

export interface ServiceRequest {
  readonly name: string;
  /** Where it is to listen, 1 to 65,535. Default: what the image or Berth's own table says. */
  readonly port?: number;
  /** A program of the caller's own; needs `port`. Without it the service is one that the image declares or that Berth knows. */
  readonly command?: readonly string[];
  /** By name as the program takes it, for example `--debug`; the definition says which are allowed. */
  readonly arguments?: Readonly<Record<string, ServiceArgument>>;
  /** Variables; the definition says which are allowed. For a `command`, any. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until its port must accept; default 30,000. */
  readonly readyMs?: number;
}

/** Where a service is known from. */
export type ServiceOrigin = 'image' | 'built-in' | 'request';

export interface ServiceView extends ServiceMark {
  readonly origin: ServiceOrigin;
  /** `running`: its program runs. `ended`: it did. `available`: it was not started. A `preopen` port is always available. */
  readonly state: 'available' | 'running' | 'ended';
  /** The run that is its program, with its output; null when it was not started, or needs none. */
  readonly runId: RunId | null;
  /** Path and query to open in a browser, which may hold a secret; null unless `http`. */
  readonly path: string | null;
}

/** The first port of a service, or a port. */
export type TunnelTarget = { readonly service: string } | { readonly port: number };

/** One connection to a port of a kernel. Iterating yields what comes; asking for the next piece opens the window again. */
export interface Tunnel extends AsyncIterable<Uint8Array> {
  /** Resolves when the window has room for more; one call at a time. Rejects when the connection is over. */
  write(data: Uint8Array): Promise<void>;
  /** Nothing more is written; what comes goes on. */
  end(): void;
  /** Ends the connection at once. Safe to call twice. */
  close(): void;
}
