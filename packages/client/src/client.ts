/** One method per route of wire's table, plus files and attached runs. */
import type { Duplex } from 'node:stream';
import type { KernelView, NodeView, ProcessView, RunView, ServiceView, TunnelTarget } from '@berth/wire';
import type { BodyOf, ReplyOf, RouteName } from '@berth/wire/http';
import { Attachment, type AttachOptions } from './attach/attachment.js';
import { ownConnection } from './attach/own-connection.js';
import { SessionLink } from './attach/session-link.js';
import { FileClient } from './files.js';
import { callRoute, request, type CallParts, type NodeAddress } from './http.js';
import { openTunnel } from './tunnel.js';

export type { NodeAddress } from './http.js';

export interface ClientOptions {
  /** Ends every call of this client. */
  readonly signal?: AbortSignal;
}

/**
 * A client of one node. The address may be a function: it is asked before each call and each connection, so that a node that
 * comes back on another port is found again.
 *
 * Errors of all methods: those of the node (errors.ts of wire), `node-lost` when it does not answer, the signal's reason.
 */
export class BerthClient extends FileClient {
  readonly #resolve: () => Promise<NodeAddress>;
  readonly #signal: AbortSignal | undefined;

  constructor(address: NodeAddress | (() => Promise<NodeAddress>), options: ClientOptions = {}) {
    super();
    this.#resolve = typeof address === 'function' ? address : () => Promise.resolve(address);
    this.#signal = options.signal;
  }

  node(): Promise<NodeView> {
    return this.call('node');
  }

  /** Asks the node to stop; it answers before it does. Sessions live on unless `terminate`. */
  stopNode(body: BodyOf<'stopNode'> = {}): Promise<{ stopping: true }> {
    return this.call('stopNode', { body });
  }

  /** Living sessions; with `all` also those that ended lately. */
  async listSessions({ all = false }: { readonly all?: boolean } = {}): Promise<readonly KernelView[]> {
    return (await this.call('listSessions', { query: { all: all ? '1' : undefined } })).sessions;
  }

  /** Resolves once the session can run code. Idempotent when `sessionId` is given. Aborting undoes what was made. */
  createSession(body: BodyOf<'createSession'>, signal?: AbortSignal): Promise<KernelView> {
    return this.call('createSession', { body, signal });
  }

  getSession(session: string): Promise<KernelView> {
    return this.call('getSession', { params: { session } });
  }

  /** Ends a session; resolves when nothing of it is left. `graceMs`: milliseconds between SIGTERM and SIGKILL. */
  deleteSession(session: string, { graceMs }: { readonly graceMs?: number } = {}): Promise<KernelView> {
    return this.call('deleteSession', { params: { session }, query: { graceMs: graceMs?.toString() } });
  }

  /** Ends what runs and starts it anew, with the same files; resolves once it can run code again. */
  restartSession(session: string): Promise<KernelView> {
    return this.call('restartSession', { params: { session } });
  }

  /** Lets all its processes stand still, until it is resumed. Idempotent. */
  pauseSession(session: string): Promise<KernelView> {
    return this.call('pauseSession', { params: { session } });
  }

  resumeSession(session: string): Promise<KernelView> {
    return this.call('resumeSession', { params: { session } });
  }

  renewSession(session: string): Promise<KernelView> {
    return this.call('renewSession', { params: { session } });
  }

  async listRuns(session: string): Promise<readonly RunView[]> {
    return (await this.call('listRuns', { params: { session } })).runs;
  }

  /** Idempotent by run id. */
  startRun(session: string, body: BodyOf<'startRun'>): Promise<RunView> {
    return this.call('startRun', { params: { session }, body });
  }

  async signalRun(session: string, run: string, signal: BodyOf<'signalRun'>['signal']): Promise<void> {
    await this.call('signalRun', { params: { session, run }, body: { signal } });
  }

  /** What a run has left below `.output`; `getFile` fetches it. */
  runOutputs(session: string, run: string): Promise<ReplyOf<'runOutputs'>> {
    return this.call('runOutputs', { params: { session, run } });
  }

  /** The programs that run in a session. */
  async listProcesses(session: string): Promise<readonly ProcessView[]> {
    return (await this.call('listProcesses', { params: { session } })).processes;
  }

  async signalProcess(session: string, body: BodyOf<'signalProcess'>): Promise<void> {
    await this.call('signalProcess', { params: { session }, body });
  }

  /** Of a run with a terminal. */
  async resizeRun(session: string, run: string, size: BodyOf<'resizeRun'>): Promise<void> {
    await this.call('resizeRun', { params: { session, run }, body: size });
  }

  /** Names that could complete the code at its cursor (in UTF-16 units). */
  async complete(session: string, body: BodyOf<'complete'>): Promise<readonly string[]> {
    return (await this.call('complete', { params: { session }, body })).matches;
  }

  /** Services of the image, those that Berth knows, and those that were started. */
  async listServices(session: string): Promise<readonly ServiceView[]> {
    return (await this.call('listServices', { params: { session } })).services;
  }

  /** Resolves once its port accepts; finds it when it runs already. */
  startService(session: string, body: BodyOf<'startService'>, signal?: AbortSignal): Promise<ServiceView> {
    return this.call('startService', { params: { session }, body, signal });
  }

  stopService(session: string, service: string): Promise<ServiceView> {
    return this.call('stopService', { params: { session, service } });
  }

  /** One connection to a service, or to any port, of a session: a stream of bytes each way. Errors: `service-unreachable`, ... */
  async openTunnel(session: string, target: TunnelTarget): Promise<Duplex> {
    return openTunnel(await this.#resolve(), session, target, this.#signal);
  }

  /** Follows a run from a record on, through lost connections and restarts of the node. */
  attach(session: string, run: string, options: AttachOptions = {}): Attachment {
    const followed = this.#followed(options);
    const open = async (from: number) => ownConnection(await this.#resolve(), session, run, from, followed.signal);
    return new Attachment(open, followed);
  }

  /** One connection for many runs: the quick way to run one piece of code after the other. */
  async link(session: string): Promise<SessionLink> {
    return SessionLink.open(session, {
      address: this.#resolve,
      startRun: (request) => this.startRun(session, request),
      options: (options) => this.#followed(options),
    });
  }

  /** Ends with this client, unless it has a signal of its own. */
  #followed(options: AttachOptions): AttachOptions {
    return { ...(this.#signal ? { signal: this.#signal } : {}), ...options };
  }

  protected override async call<Name extends RouteName>(name: Name, parts: CallParts<Name> = {}): Promise<ReplyOf<Name>> {
    return callRoute(await this.#resolve(), name, { ...parts, signal: parts.signal ?? this.#signal });
  }

  protected readonly raw = async (path: string, init: RequestInit) => {
    const address = await this.#resolve();
    const signal = init.signal ?? this.#signal;
    return { response: await request(address, path, signal ? { ...init, signal } : init), endpoint: address.endpoint };
  };
}
