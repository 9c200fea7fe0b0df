/** A KernelService in memory, for tests of what stands in front of one. What runs do is given by scripts. */
import {
  BerthError,
  type ArchiveStream,
  type AttachOptions,
  type ByteRange,
  type CreateKernel,
  type ExtractedFiles,
  type FileChange,
  type FileEntry,
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
import { AsyncQueue } from '@berth/base';
import { FakeRun } from './fake-run.js';
import { SCRIPTS, words, type Script } from './fake-scripts.js';
import { FakeServices } from './fake-services.js';

interface FakeKernel {
  view: KernelView;
  readonly runs: Map<RunId, FakeRun>;
  readonly files: Map<string, Uint8Array>;
}

export class FakeKernelService implements KernelService {
  readonly kernels = new Map<KernelId, FakeKernel>();
  /** Kernels whose lease was renewed, in order. */
  readonly renewals: KernelId[] = [];
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #listeners = new Set<AsyncQueue<KernelEvent>>();
  #cursor = 0;
  /** While set, creations wait for it; they obey their signal. */
  holdCreation: Promise<void> | undefined;

  constructor(scripts: Readonly<Record<string, Script>> = {}) {
    this.#scripts = { ...SCRIPTS, ...scripts };
  }

  /** The run, for tests that drive it by hand. */
  run(id: string, runId: string): FakeRun {
    const run = this.#living(id as KernelId).runs.get(runId as RunId);
    if (!run) throw new BerthError('no-such-run', `there is no run ${runId}`);
    return run;
  }

  async createKernel({ kernelId, sessionId, spec }: CreateKernel, signal?: AbortSignal): Promise<KernelView> {
    if (spec.image === 'missing') throw new BerthError('image-not-found', 'there is no image missing');
    const existing = this.kernels.get(kernelId);
    if (existing && JSON.stringify(existing.view.spec) !== JSON.stringify(spec)) {
      throw new BerthError('session-exists', `session ${sessionId} exists already`);
    }
    if (existing) return existing.view;
    if (this.holdCreation) await this.#held(this.holdCreation, signal);
    const view: KernelView = {
      kernelId,
      sessionId,
      incarnation: 1,
      containerId: 'f'.repeat(64),
      phase: 'running',
      reachable: true,
      paused: false,
      spec,
      createdAt: Date.now(),
      endedAt: null,
      reason: null,
      detail: '',
    };
    this.kernels.set(kernelId, { view, runs: new Map(), files: new Map() });
    this.#tell(view);
    return view;
  }

  getKernel(id: KernelId): KernelView {
    return this.#kernel(id).view;
  }

  listKernels({ ended = false }: { readonly ended?: boolean } = {}): readonly KernelView[] {
    return [...this.kernels.values()].map(({ view }) => view).filter(({ phase }) => ended || phase !== 'terminated');
  }

  renewLease(id: KernelId): KernelView {
    const { view } = this.#kernel(id);
    this.renewals.push(id);
    return view;
  }

  async destroyKernel(id: KernelId, options: { readonly reason?: TerminationReason } = {}): Promise<KernelView> {
    const kernel = this.#kernel(id);
    if (kernel.view.phase === 'terminated') return kernel.view;
    kernel.view = { ...kernel.view, phase: 'terminated', endedAt: Date.now(), reason: options.reason ?? 'user-requested' };
    for (const run of kernel.runs.values()) run.break(ended(id));
    this.#tell(kernel.view);
    return kernel.view;
  }

  async restartKernel(id: KernelId): Promise<KernelView> {
    const kernel = this.#living(id);
    for (const run of kernel.runs.values()) run.break(new BerthError('no-such-run', 'the kernel was restarted'));
    kernel.runs.clear();
    kernel.view = { ...kernel.view, incarnation: kernel.view.incarnation + 1 };
    return kernel.view;
  }

  pauseKernel(id: KernelId): Promise<KernelView> {
    return this.#setPaused(id, true);
  }

  resumeKernel(id: KernelId): Promise<KernelView> {
    return this.#setPaused(id, false);
  }

  async #setPaused(id: KernelId, paused: boolean): Promise<KernelView> {
    const kernel = this.#living(id);
    kernel.view = { ...kernel.view, paused };
    return kernel.view;
  }

  /** Samples by kernel; put them in at will. */
  readonly samples = new Map<KernelId, KernelStatistics>();

  statistics(id: KernelId): KernelStatistics | null {
    this.#kernel(id);
    return this.samples.get(id) ?? null;
  }

  async startRun(id: KernelId, request: RunRequest): Promise<RunView> {
    const { runs } = this.#living(id);
    const existing = runs.get(request.runId);
    if (existing && JSON.stringify(existing.request) !== JSON.stringify(request)) {
      throw new BerthError('run-conflict', `run ${request.runId} is another one`);
    }
    if (existing) return existing.view;
    const run = new FakeRun(request);
    runs.set(request.runId, run);
    const script = this.#scripts[words(request)[0] ?? ''];
    if (script) void script(run);
    else run.finish({ exitCode: 127, reason: 'start-failed', detail: `${words(request)[0]} was not found` });
    return run.view;
  }

  async listRuns(id: KernelId): Promise<readonly RunView[]> {
    return [...this.#living(id).runs.values()].map((run) => run.view);
  }

  async attachRun(id: KernelId, runId: RunId, options: AttachOptions): Promise<RunStream> {
    return this.run(id, runId).attach(options);
  }

  async sendInput(id: KernelId, runId: RunId, offset: number, data: Uint8Array, end: boolean): Promise<number> {
    return this.run(id, runId).takeInput(offset, data, end);
  }

  async signalRun(id: KernelId, runId: RunId, signal: RunSignal): Promise<void> {
    this.run(id, runId).signal(signal);
  }

  /** What runs have left; put it in at will. */
  readonly outputs = new Map<RunId, readonly OutputEntry[]>();

  async runOutputs(id: KernelId, runId: RunId): Promise<readonly OutputEntry[]> {
    this.run(id, runId);
    return this.outputs.get(runId) ?? [];
  }

  /** A process for each run that goes on, from number 7 on. */
  async listProcesses(id: KernelId): Promise<readonly ProcessView[]> {
    const going = [...this.#living(id).runs.values()].filter(({ view }) => view.state !== 'finished');
    return going.map(({ view: { runId }, request }, index) => {
      return { pid: 7 + index, parent: 1, runId, user: 1000, command: words(request).join(' '), cpuMs: 10, memoryBytes: 4096 };
    });
  }

  async signalProcess(id: KernelId, pid: number, signal: ProcessSignal): Promise<void> {
    const found = (await this.listProcesses(id)).find((one) => one.pid === pid);
    if (!found) throw new BerthError('no-such-process', `the session has no process ${pid}`);
    this.run(id, found.runId!).signal(signal === 'SIGINT' ? 'interrupt' : 'kill');
  }

  /** Sizes that terminals were given, in order. */
  readonly resizes: (TerminalSize & { readonly runId: RunId })[] = [];

  async resizeRun(id: KernelId, runId: RunId, size: TerminalSize): Promise<void> {
    const { request } = this.run(id, runId);
    if (request.mode !== 'batch' || !request.terminal) throw new BerthError('terminal-missing', `run ${runId} has no terminal`);
    this.resizes.push({ ...size, runId });
  }

  async complete(id: KernelId, language: Language, code: string, cursor: number): Promise<readonly string[]> {
    this.#living(id);
    return [`${language}:${code.slice(0, cursor)}`];
  }

  readonly services = new FakeServices();

  async listServices(id: KernelId): Promise<readonly ServiceView[]> {
    this.#living(id);
    return this.services.list();
  }

  async startService(id: KernelId, request: ServiceRequest): Promise<ServiceView> {
    this.#living(id);
    return this.services.start(request);
  }

  async stopService(id: KernelId, name: string): Promise<ServiceView> {
    this.#living(id);
    return this.services.stop(name);
  }

  async openTunnel(id: KernelId, target: TunnelTarget): Promise<Tunnel> {
    this.#living(id);
    return this.services.open(target);
  }

  async writeFile(id: KernelId, path: string, content: AsyncIterable<Uint8Array>): Promise<FileEntry> {
    const { files } = this.#living(id);
    if (path.startsWith('..')) throw new BerthError('unsafe-path', `${path} leads upwards`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    const data = Buffer.concat(chunks);
    files.set(path, data);
    return fileEntry(path, data);
  }

  async readFile(
    id: KernelId,
    path: string,
    range?: ByteRange,
  ): Promise<{ entry: FileEntry; content: AsyncIterable<Uint8Array> }> {
    const data = this.#living(id).files.get(path);
    if (!data) throw new BerthError('no-such-file', `there is no file ${path}`);
    const wanted = data.subarray(range?.start ?? 0, range?.end);
    const content = async function* () {
      for (let at = 0; at < wanted.length; at += 65_536) yield wanted.subarray(at, at + 65_536);
    };
    return { entry: fileEntry(path, data), content: content() };
  }

  async listFiles(id: KernelId, path: string): Promise<readonly FileEntry[]> {
    const prefix = path === '.' ? '' : `${path}/`;
    const { files } = this.#living(id);
    return [...files].filter(([name]) => name.startsWith(prefix)).map(([name, data]) => fileEntry(name, data));
  }

  async statFile(id: KernelId, path: string): Promise<FileEntry> {
    if (path === '.') return directoryEntry(path);
    return (await this.readFile(id, path)).entry;
  }

  /** It has no directories of its own. */
  async makeDirectory(id: KernelId, path: string): Promise<FileEntry> {
    this.#living(id);
    return directoryEntry(path);
  }

  async removeFile(id: KernelId, path: string, { recursive = false } = {}): Promise<void> {
    const { files } = this.#living(id);
    const names = [...files.keys()].filter((name) => name === path || (recursive && name.startsWith(`${path}/`)));
    if (names.length === 0) throw new BerthError('no-such-file', `there is no file ${path}`);
    for (const name of names) files.delete(name);
  }

  async moveFile(id: KernelId, from: string, to: string): Promise<FileEntry> {
    const { content } = await this.readFile(id, from);
    const entry = await this.writeFile(id, to, content);
    await this.removeFile(id, from);
    return entry;
  }

  /** Not a tar: the bytes of the file alone. */
  async archive(id: KernelId, path: string, { mostBytes = Infinity } = {}): Promise<ArchiveStream> {
    const { entry, content } = await this.readFile(id, path);
    if (entry.size > mostBytes) throw new BerthError('too-large', `${path} is larger than ${mostBytes} bytes`);
    return { bytes: entry.size, content };
  }

  /** Likewise: all becomes one file. */
  async extractArchive(id: KernelId, path: string, content: AsyncIterable<Uint8Array>): Promise<ExtractedFiles> {
    const { size } = await this.writeFile(id, path, content);
    return { entries: 1, bytes: size };
  }

  /** Changes that watchers are told; put them in at will. */
  readonly changes = new AsyncQueue<FileChange>();

  async *watchFiles(id: KernelId, _path: string, signal: AbortSignal): AsyncIterable<FileChange> {
    this.#living(id);
    signal.addEventListener('abort', () => this.changes.end(), { once: true });
    yield* this.changes;
  }

  async *events(signal: AbortSignal): AsyncIterable<KernelEvent> {
    const queue = new AsyncQueue<KernelEvent>();
    this.#listeners.add(queue);
    signal.addEventListener('abort', () => queue.end(), { once: true });
    try {
      yield* queue;
    } finally {
      this.#listeners.delete(queue);
    }
  }

  #tell({ kernelId, incarnation, phase, reason }: KernelView): void {
    const event: KernelEvent = {
      cursor: ++this.#cursor,
      at: Date.now(),
      kernelId,
      incarnation,
      type: 'kernel-phase',
      phase,
      reason,
    };
    for (const queue of this.#listeners) queue.push(event);
  }

  async #held(hold: Promise<void>, signal?: AbortSignal): Promise<void> {
    const cancelled = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(new BerthError('cancelled', 'the caller went away')), { once: true });
    });
    await Promise.race([hold, cancelled]);
  }

  #kernel(id: KernelId): FakeKernel {
    const kernel = this.kernels.get(id);
    if (!kernel) throw new BerthError('no-such-session', `there is no session ${id}`);
    return kernel;
  }

  #living(id: KernelId): FakeKernel {
    const kernel = this.#kernel(id);
    if (kernel.view.phase === 'terminated') throw ended(id);
    return kernel;
  }
}

const fileEntry = (path: string, { length: size }: Uint8Array): FileEntry => ({
  path,
  type: 'file',
  size,
  mode: 0o100644,
  mtimeMs: 0,
  ctimeMs: 0,
  atimeMs: 0,
});

const directoryEntry = (path: string): FileEntry => ({
  ...fileEntry(path, new Uint8Array()),
  type: 'directory',
  mode: 0o40755,
});

const ended = (id: KernelId): BerthError => new BerthError('session-ended', `session ${id} has ended`);
