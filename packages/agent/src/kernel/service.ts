/** KernelService on top of the registry: each call is a few inputs to one kernel's model, or a call over its runner link. */
import { randomBytes } from 'node:crypto';
import {
  BerthError,
  isBerthError,
  type AttachOptions,
  type CreateKernel,
  type KernelEvent,
  type KernelId,
  type KernelService,
  type KernelStatistics,
  type KernelView,
  type Language,
  type OutputEntry,
  type ProcessSignal,
  type ProcessView,
  type RunId,
  type RunnerMethods,
  type RunRequest,
  type RunSignal,
  type RunStream,
  type RunView,
  type ServiceRequest,
  type ServiceView,
  type TerminalSize,
  type TerminationReason,
  type Tunnel,
  type TunnelTarget,
} from '@berth/wire';
import type { ScratchFiles } from '../files/scratch-files.js';
import type { KernelFacts } from '../model/facts.js';
import { newKernel, phaseOf } from '../model/kernel-state.js';
import type { RunnerChannel } from '../ports/channel.js';
import { KernelFileService } from './file-service.js';
import { endedError, type KernelActor } from './kernel-actor.js';
import { LastingStream } from './lasting-stream.js';
import type { KernelFactory } from './kernel-factory.js';
import type { KernelRegistry } from './registry.js';
import type { ServiceGround, Services } from './services.js';

const DEFAULT_GRACE_MS = 2000;
/** How long a call waits for a link that is down just now. */
const LINK_PATIENCE_MS = 10_000;

export class AgentKernelService extends KernelFileService implements KernelService {
  readonly #registry: KernelRegistry;
  readonly #factory: KernelFactory;
  readonly #services: Services;
  readonly #statistics: (id: KernelId) => KernelStatistics | null;
  readonly #creating = new Map<KernelId, Promise<KernelActor>>();

  /** `statistics` gives the newest sample of a kernel. */
  constructor(
    registry: KernelRegistry,
    factory: KernelFactory,
    files: ScratchFiles,
    services: Services,
    statistics: (id: KernelId) => KernelStatistics | null = () => null,
  ) {
    super(files);
    this.#registry = registry;
    this.#factory = factory;
    this.#services = services;
    this.#statistics = statistics;
  }

  async createKernel(request: CreateKernel, signal?: AbortSignal): Promise<KernelView> {
    signal?.throwIfAborted();
    const actor = await this.#actorFor(request);
    const cancel = () => void actor.post({ type: 'stop', reason: 'cancelled', detail: 'the caller went away', graceMs: 0 });
    signal?.addEventListener('abort', cancel, { once: true });
    // It may have gone while the intent was written.
    if (signal?.aborted) cancel();
    try {
      await actor.until((state) => phaseOf(state) !== 'preparing' && phaseOf(state) !== 'starting');
      if (actor.view.phase === 'running') return actor.view;
      return await creationFailed(actor);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  getKernel(id: KernelId): KernelView {
    return this.#registry.view(id);
  }

  listKernels(options: { readonly ended?: boolean } = {}): readonly KernelView[] {
    return this.#registry.views({ ended: options.ended ?? false });
  }

  renewLease(id: KernelId): KernelView {
    const actor = this.#registry.find(id);
    void actor?.post({ type: 'renew' });
    return this.#registry.view(id);
  }

  async destroyKernel(
    id: KernelId,
    {
      graceMs = DEFAULT_GRACE_MS,
      reason = 'user-requested',
    }: { readonly graceMs?: number; readonly reason?: TerminationReason } = {},
  ): Promise<KernelView> {
    const actor = this.#registry.find(id);
    if (!actor) return this.#registry.view(id);
    await actor.post({ type: 'stop', reason, detail: '', graceMs });
    await actor.until((state) => state.released);
    return actor.view;
  }

  async restartKernel(id: KernelId): Promise<KernelView> {
    const actor = this.#living(id);
    const over = () => actor.state.desired.want === 'stop';
    // A kernel that is being made is made first. Who asks while another's restart begins has got what they asked for.
    for (;;) {
      await actor.until((state) => state.desired.want === 'stop' || (state.readyAt !== null && !state.settingUp));
      if (over()) throw endedError(actor.view);
      const { incarnation } = actor.state.facts;
      await actor.post({ type: 'restart', token: newToken() });
      if (actor.state.facts.incarnation === incarnation) continue;
      await actor.until((state) => state.desired.want === 'stop' || (state.readyAt !== null && !state.settingUp));
      if (!over()) return actor.view;
      return await creationFailed(actor);
    }
  }

  pauseKernel(id: KernelId): Promise<KernelView> {
    return this.#setPaused(id, true);
  }

  resumeKernel(id: KernelId): Promise<KernelView> {
    return this.#setPaused(id, false);
  }

  statistics(id: KernelId): KernelStatistics | null {
    this.#registry.view(id);
    return this.#statistics(id);
  }

  async startRun(id: KernelId, request: RunRequest): Promise<RunView> {
    return (await this.#channel(id)).call('start', { run: request });
  }

  async listRuns(id: KernelId): Promise<readonly RunView[]> {
    // Looking is not using: whoever watches for idle kernels must not keep them alive by it.
    return (await (await this.#channel(id, { uses: false })).call('runs', {})).runs;
  }

  async attachRun(id: KernelId, runId: RunId, options: AttachOptions): Promise<RunStream> {
    const actor = this.#living(id);
    // Who follows a run through a restart of the node gets its output when the session goes on.
    await actor.until(({ observed, desired }) => observed !== 'paused' || desired.want === 'stop');
    const inner = await (await this.#channel(id)).attach(runId, options);
    return new LastingStream(inner, runId, options, (signal) => actor.link.whenUp(signal));
  }

  async sendInput(id: KernelId, runId: RunId, offset: number, data: Uint8Array, end: boolean): Promise<number> {
    const channel = await this.#channel(id);
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    // No deadline: the answer comes when the program has read, and it may take its time.
    return (await channel.call('input', { run: runId, offset, data: text, end }, { timeoutMs: 0x7fff_ffff })).offset;
  }

  async signalRun(id: KernelId, runId: RunId, signal: RunSignal): Promise<void> {
    await (await this.#channel(id)).call('signal', { run: runId, signal });
  }

  async runOutputs(id: KernelId, runId: RunId): Promise<readonly OutputEntry[]> {
    const run = (await this.listRuns(id)).find((one) => one.runId === runId);
    if (!run) throw new BerthError('no-such-run', `session ${id} has no run ${runId}`);
    if (run.startedAt === undefined)
      throw new BerthError('runner-incompatible', `the supervisor of session ${id} does not tell when its runs began`);
    if (run.startedAt === null) return [];
    return this.files.outputs(this.factsOf(id), { from: run.startedAt, to: run.endedAt ?? Infinity });
  }

  async listProcesses(id: KernelId): Promise<readonly ProcessView[]> {
    return (await this.#newer(id, 'processes', {})).processes;
  }

  async signalProcess(id: KernelId, pid: number, signal: ProcessSignal): Promise<void> {
    await this.#newer(id, 'signalProcess', { pid, signal });
  }

  async resizeRun(id: KernelId, runId: RunId, size: TerminalSize): Promise<void> {
    await (await this.#channel(id)).call('resize', { run: runId, size });
  }

  async complete(id: KernelId, language: Language, code: string, cursor: number): Promise<readonly string[]> {
    return (await (await this.#channel(id)).call('complete', { language, code, cursor })).matches;
  }

  async listServices(id: KernelId): Promise<readonly ServiceView[]> {
    return this.#services.list(await this.#serviceGround(id));
  }

  async startService(id: KernelId, request: ServiceRequest, signal?: AbortSignal): Promise<ServiceView> {
    return this.#services.start(await this.#serviceGround(id), request, signal);
  }

  async stopService(id: KernelId, name: string): Promise<ServiceView> {
    return this.#services.stop(await this.#serviceGround(id), name);
  }

  async openTunnel(id: KernelId, target: TunnelTarget, signal?: AbortSignal): Promise<Tunnel> {
    return this.#services.open(await this.#serviceGround(id), target, signal);
  }

  events(signal: AbortSignal): AsyncIterable<KernelEvent> {
    return this.#registry.events(signal);
  }

  protected factsOf(id: KernelId): KernelFacts {
    return this.#living(id).state.facts;
  }

  async #actorFor(request: CreateKernel): Promise<KernelActor> {
    const { kernelId } = request;
    // Not a turn may pass between the question and the creation: a second caller would make a second kernel.
    const existing = this.#registry.find(kernelId) ?? this.#creating.get(kernelId);
    if (existing) {
      const actor = await existing;
      if (sameRequest(actor.state.facts, request)) return actor;
      throw new BerthError('session-exists', `session ${kernelId} exists already, made otherwise`, {
        fields: { session: kernelId },
      });
    }
    const creation = this.#create(request);
    this.#creating.set(kernelId, creation);
    try {
      return await creation;
    } finally {
      this.#creating.delete(kernelId);
    }
  }

  async #create(request: CreateKernel): Promise<KernelActor> {
    const facts = this.#factory.decideFacts(request, newToken());
    const actor = await this.#factory.begin(newKernel(facts, facts.createdAt));
    await actor.post({ type: 'resume' });
    return actor;
  }

  async #setPaused(id: KernelId, paused: boolean): Promise<KernelView> {
    const actor = this.#living(id);
    const over = () => actor.state.desired.want === 'stop';
    await actor.until((state) => over() || (state.readyAt !== null && !state.settingUp));
    // The comparison that follows is with what is so now, and not with what was seen last.
    await actor.look();
    if (over()) throw endedError(actor.view);
    if (actor.state.observed === 'unknown')
      throw new BerthError(
        'driver-unavailable',
        `session ${id} cannot be ${paused ? 'paused' : 'resumed'}: the driver does not answer`,
      );
    actor.pauseError = undefined;
    await actor.post({ type: 'pause', paused });
    await actor.until((state) => over() || !state.pausing);
    if (over()) throw endedError(actor.view);
    if (actor.pauseError) throw actor.pauseError;
    return actor.view;
  }

  #living(id: KernelId): KernelActor {
    const actor = this.#registry.find(id);
    const view = this.#registry.view(id);
    if (!actor || view.phase === 'stopping' || view.phase === 'terminated') throw endedError(view);
    return actor;
  }

  /** Of a method that supervisors of before do not know: kernels outlive the agent that started them. */
  async #newer<Method extends 'processes' | 'signalProcess'>(
    id: KernelId,
    method: Method,
    params: RunnerMethods[Method]['params'],
  ): Promise<RunnerMethods[Method]['result']> {
    try {
      return await (await this.#channel(id)).call(method, params);
    } catch (error) {
      if (!isBerthError(error) || error.code !== 'bad-request' || !error.message.startsWith('there is no method')) throw error;
      throw new BerthError('runner-incompatible', `session ${id} was started by a Berth that could not do this`, {
        cause: error,
      });
    }
  }

  async #serviceGround(id: KernelId): Promise<ServiceGround> {
    const { facts } = this.#living(id).state;
    return { facts, channel: await this.#channel(id) };
  }

  async #channel(id: KernelId, { uses } = { uses: true }): Promise<RunnerChannel> {
    const actor = this.#living(id);
    if (uses && actor.state.facts.spec.leaseSeconds !== null) void actor.post({ type: 'renew' });
    if (actor.state.observed === 'paused') {
      throw new BerthError('session-paused', `session ${id} is paused`, {
        fix: `Let it go on with \`berth resume ${id}\`.`,
        fields: { session: id },
      });
    }
    const { channel } = actor.link;
    if (channel) return channel;
    return actor.link.whenUp(AbortSignal.timeout(LINK_PATIENCE_MS)).catch((error: unknown) => {
      if (error instanceof BerthError) throw error;
      throw new BerthError('timeout', `the runner of session ${id} cannot be reached just now`, { cause: error });
    });
  }
}

/** Secret of one incarnation. */
const newToken = (): string => randomBytes(32).toString('hex');

function sameRequest(facts: KernelFacts, request: CreateKernel): boolean {
  return facts.sessionId === request.sessionId && JSON.stringify(facts.spec) === JSON.stringify(request.spec);
}

/**
 * Rejects with why `actor` could not be made, once it is undone. What cannot be undone now, as while the driver is away, is undone later:
 * nobody need wait for that to hear what is wrong.
 */
async function creationFailed(actor: KernelActor): Promise<never> {
  await actor.until((state) => state.released || state.releaseFailures > 0);
  throw creationError(actor);
}

/** The cause if the hooks named one, else how the kernel ended. */
function creationError(actor: KernelActor): BerthError {
  const { view, setupError } = actor;
  if (setupError && (view.reason === 'create-failed' || view.reason === 'cancelled')) return setupError;
  if (view.reason === 'cancelled') return new BerthError('cancelled', `session ${view.sessionId} was not made: ${view.detail}`);
  if (view.reason === 'runner-lost' || view.reason === 'oom') {
    return new BerthError('create-failed', `the container of session ${view.sessionId} ended at once: ${view.detail}`);
  }
  return endedError(view);
}
