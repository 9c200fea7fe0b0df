/**
 * A runner that speaks the runner link over a real Unix socket, from data: which runs it has, how it greets, what it refuses,
 * after how many bytes a connection breaks. It keeps its runs over connections, as the real one does.
 */
import { open, rm, type FileHandle } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { FrameDecoder, inDirectory } from '@berth/base';
import {
  BerthError,
  decodeJsonPayload,
  encodeFrames,
  encodeJsonFrame,
  encodeRecordPayload,
  FRAME,
  FRAME_HEADER_BYTES,
  MAX_FRAME_LENGTH,
  RECORD_TYPES,
  toBerthError,
  type ErrorBody,
  type Frame,
  type Hello,
  type RunId,
  type RunnerMethod,
  type RunnerMethods,
  type RunRecord,
  type RunRequest,
  type RunView,
  type Welcome,
  parseFrame,
} from '@berth/wire';

/** What the fake runner does; all of it may be changed while it runs. */
export interface FakeRunnerScript {
  /** Replaces parts of the hello. */
  hello?: Partial<Hello>;
  /** What is sent in place of the hello; empty: silence. */
  greeting?: Uint8Array;
  /** True: takes the welcome and says nothing ever after. */
  deaf?: boolean;
  /** Records of runs that exist, or will once they are started. Runs that are not named here say `hello` and exit with 0. */
  runs?: Record<string, readonly RunRecord[]>;
  /** Answers with this error, or not at all. */
  refuse?: Partial<Record<RunnerMethod, ErrorBody | 'silence'>>;
  /** After how many bytes sent each connection breaks, the first of them first; connections beyond the list do not. */
  cuts?: number[];
  /** Asked to shut down; the runner is gone after this. */
  onShutdown?: () => void;
}

interface Subscription {
  readonly run: RunId;
  readonly window: number;
  next: number;
  readonly unacknowledged: { readonly seq: number; readonly bytes: number }[];
}

/** One connection of an agent. */
class Connection {
  readonly socket: Socket;
  readonly channels = new Map<number, Subscription>();
  welcomed = false;
  #left: number;

  constructor(socket: Socket, left: number) {
    this.socket = socket;
    this.#left = left;
    socket.on('error', () => {});
  }

  send(bytes: Uint8Array): void {
    if (this.socket.destroyed || this.#left === 0) return;
    const part = bytes.subarray(0, Math.min(bytes.length, this.#left));
    this.#left -= part.length;
    this.socket.write(part, () => {
      if (this.#left === 0) this.socket.destroy();
    });
  }
}

export class FakeRunner {
  readonly script: FakeRunnerScript;
  readonly welcomes: Welcome[] = [];
  readonly requests: { readonly method: RunnerMethod; readonly params: unknown }[] = [];
  readonly acks: { readonly channel: number; readonly seq: number }[] = [];
  /** Runs as they were started; each once. */
  readonly started: RunRequest[] = [];
  /** Largest number of unacknowledged bytes that any channel had. */
  mostUnacknowledged = 0;
  readonly #kernel: { readonly kernel: string; readonly incarnation: number };
  readonly #connections = new Set<Connection>();
  readonly #acknowledged = new Map<string, number>();
  readonly #server: Server;
  readonly #directory: FileHandle;

  private constructor(directory: FileHandle, kernel: { kernel: string; incarnation: number }, script: FakeRunnerScript) {
    this.#directory = directory;
    this.#kernel = kernel;
    this.script = script;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens at `runner.sock` of `directory`, of any length. */
  static async start(
    directory: string,
    kernel: { readonly kernel: string; readonly incarnation: number },
    script: FakeRunnerScript = {},
  ): Promise<FakeRunner> {
    const runner = new FakeRunner(await open(directory, 'r'), kernel, script);
    const path = inDirectory(runner.#directory, 'runner.sock');
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      runner.#server.once('error', reject).listen(path, resolve);
    });
    return runner;
  }

  /** Breaks all connections; the runner and its runs live on. */
  dropConnections(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }

  /** Sends bytes of the test's own on all connections. */
  sendRaw(bytes: Uint8Array): void {
    for (const connection of this.#connections) connection.send(bytes);
  }

  /** The runner dies. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropConnections();
    await closed;
    await this.#directory.close();
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, this.script.cuts?.shift() ?? Infinity);
    const decoder = new FrameDecoder({ min: FRAME_HEADER_BYTES - 4, max: MAX_FRAME_LENGTH });
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    socket.on('data', (chunk: Buffer) => {
      for (const body of decoder.push(chunk)) this.#frame(connection, parseFrame(body));
    });
    const hello: Hello = { min: 1, max: 1, build: 'fake', ...this.#kernel, boot: 'boot', claimed: this.welcomes.length > 0 };
    connection.send(this.script.greeting ?? encodeJsonFrame(FRAME.hello, 0, { ...hello, ...this.script.hello }));
  }

  #frame(connection: Connection, frame: Frame): void {
    if (frame.type === FRAME.welcome) return this.#welcome(connection, decodeJsonPayload(frame.payload) as Welcome);
    if (!connection.welcomed || this.script.deaf) return;
    if (frame.type === FRAME.request) return this.#request(connection, frame);
    if (frame.type === FRAME.ack) this.#ack(connection, frame.channel, frame.seq);
  }

  #welcome(connection: Connection, welcome: Welcome): void {
    const [first] = this.welcomes;
    const fenced = this.welcomes.some((earlier) => earlier.epoch > welcome.epoch);
    if (fenced || (first !== undefined && first.token !== welcome.token)) return void connection.socket.destroy();
    this.welcomes.push(welcome);
    connection.welcomed = true;
    for (const other of this.#connections) if (other !== connection && other.welcomed) other.socket.destroy();
  }

  #request(connection: Connection, frame: Frame): void {
    const { id, method, params } = decodeJsonPayload(frame.payload) as { id: number; method: RunnerMethod; params: never };
    this.requests.push({ method, params });
    const refusal = this.script.refuse?.[method];
    if (refusal === 'silence') return;
    try {
      if (refusal) throw new BerthError(refusal.code, refusal.message, refusal);
      const result = this.#answer(connection, method, params);
      connection.send(encodeJsonFrame(FRAME.reply, 0, { id, result }));
    } catch (error) {
      connection.send(encodeJsonFrame(FRAME.reply, 0, { id, error: toBerthError(error) }));
    }
    if (method === 'shutdown' && !refusal) this.script.onShutdown?.();
    for (const channel of connection.channels.keys()) this.#pump(connection, channel);
  }

  #answer(connection: Connection, method: RunnerMethod, params: never): unknown {
    switch (method) {
      case 'start':
        return this.#start((params as RunnerMethods['start']['params']).run);
      case 'runs':
        return { runs: Object.keys(this.script.runs ?? {}).map((run) => this.#view(run)) };
      case 'subscribe': {
        const { channel, run, from, window } = params as RunnerMethods['subscribe']['params'];
        const view = this.#view(run);
        connection.channels.set(channel, { run, window, next: from, unacknowledged: [] });
        return view;
      }
      case 'unsubscribe':
        connection.channels.delete((params as RunnerMethods['unsubscribe']['params']).channel);
        return {};
      case 'input': {
        const { offset, data } = params as RunnerMethods['input']['params'];
        return { offset: offset + Buffer.from(data, 'base64').length };
      }
      case 'complete':
        return { matches: [(params as RunnerMethods['complete']['params']).code] };
      case 'memory':
        return { rss: 0, heapUsed: 0, retained: 0, spilled: 0 };
      default:
        return {};
    }
  }

  #start(run: RunRequest): RunView {
    const known = this.started.find((earlier) => earlier.runId === run.runId);
    if (known && JSON.stringify(known) !== JSON.stringify(run)) throw new BerthError('run-conflict', 'another run has this id');
    if (!known) this.started.push(run);
    this.script.runs = { [run.runId]: helloRecords(), ...this.script.runs };
    return this.#view(run.runId);
  }

  #view(run: string): RunView {
    const records = this.script.runs?.[run];
    if (!records) throw new BerthError('no-such-run', `there is no run ${run}`);
    const last = records.at(-1);
    const ended = last?.type === 'finished';
    return {
      runId: run as RunId,
      mode: 'batch',
      state: ended ? 'finished' : 'running',
      lowest: 1,
      highest: last?.seq ?? 0,
      acknowledged: this.#acknowledged.get(run) ?? 0,
      finished: ended ? last : null,
    };
  }

  #ack(connection: Connection, channel: number, seq: number): void {
    this.acks.push({ channel, seq });
    const subscription = connection.channels.get(channel);
    if (!subscription) return;
    const { unacknowledged, run } = subscription;
    while (unacknowledged.length > 0 && unacknowledged[0]!.seq <= seq) unacknowledged.shift();
    this.#acknowledged.set(run, Math.max(seq, this.#acknowledged.get(run) ?? 0));
    this.#pump(connection, channel);
  }

  /** Sends what the window allows. */
  #pump(connection: Connection, channel: number): void {
    const subscription = connection.channels.get(channel)!;
    const { run, window, unacknowledged } = subscription;
    const held = (): number => unacknowledged.reduce((sum, record) => sum + record.bytes, 0);
    for (const record of this.script.runs?.[run] ?? []) {
      // A gap stands for several records; whoever wants one in the middle gets it whole.
      if ((record.type === 'gap' ? record.upTo : record.seq) < subscription.next) continue;
      if (held() >= window) return;
      const payload = encodeRecordPayload(record);
      connection.send(encodeFrames(RECORD_TYPES[record.type], channel, record.seq, payload));
      unacknowledged.push({ seq: record.seq, bytes: payload.length });
      this.mostUnacknowledged = Math.max(this.mostUnacknowledged, held());
      subscription.next = (record.type === 'gap' ? record.upTo : record.seq) + 1;
      if (record.type === 'finished') {
        connection.send(encodeFrames(FRAME.end, channel, 0));
        connection.channels.delete(channel);
      }
    }
  }
}

const EXITED = { exitCode: 0, signal: null, reason: 'exited', detail: '', stateLost: false, wallMs: 1 } as const;

/** The records of a run that prints the lines and exits with 0. */
export function printing(lines: readonly (string | Uint8Array)[]): readonly RunRecord[] {
  const data = (line: string | Uint8Array): Uint8Array => (typeof line === 'string' ? new TextEncoder().encode(line) : line);
  return [
    ...lines.map((line, index): RunRecord => ({ seq: index + 1, type: 'stdout', data: data(line) })),
    { seq: lines.length + 1, type: 'finished', ...EXITED },
  ];
}

const helloRecords = (): readonly RunRecord[] => printing(['hello\n']);
