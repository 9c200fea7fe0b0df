/** One Docker Engine: every call has a deadline, obeys a signal, and fails with an error of the closed list. */
import Docker from 'dockerode';
import { withDeadline } from '@berth/base';
import { dockerError } from './errors.js';

/** Where the engine listens; DOCKER_HOST is resolved by the configuration. */
export type DockerTarget = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** Docker 20.10 and later; pinned, so that a newer engine answers alike. */
export const API_VERSION = '1.41';

/** Longest time in milliseconds for a call, by how much work it is for the engine. */
export const LIMIT_MS = { quick: 10_000, work: 60_000 } as const;

export class Engine {
  readonly docker: Docker;

  /** @param api version that is asked for; null: what the engine likes best */
  constructor(target: DockerTarget, api: string | null = API_VERSION) {
    // dockerode mixes DOCKER_HOST and DOCKER_CERT_PATH of the environment into options that are not named.
    const nothingInherited = {
      host: undefined,
      port: undefined,
      ca: undefined,
      cert: undefined,
      key: undefined,
      timeout: undefined,
    };
    const options = { ...nothingInherited, protocol: 'http', ...(api === null ? {} : { version: `v${api}` }), ...target };
    this.docker = new Docker(options as Docker.DockerOptions);
  }

  /**
   * Runs one call. `what` says it in words for errors, for example `listing containers`. Rejects with the signal's reason when
   * it aborts, with `timeout` when the limit passes.
   */
  async call<T>(
    what: string,
    fn: (docker: Docker, signal: AbortSignal) => Promise<T>,
    { signal, limitMs = LIMIT_MS.quick }: { readonly signal?: AbortSignal | undefined; readonly limitMs?: number } = {},
  ): Promise<T> {
    try {
      return await withDeadline(what, limitMs, (inner) => fn(this.docker, inner), signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw dockerError(error, what);
    }
  }
}
