/** A small agent for tests: speaks the runner link, collects records. */
import { connect, type Socket } from 'node:net';
import { FrameDecoder } from '@berth/base';
import {
  decodeJsonPayload,
  decodeRecord,
  encodeJsonFrame,
  errorFromBody,
  FRAME,
  FRAME_HEADER_BYTES,
  frameHeader,
  MAX_FRAME_LENGTH,
  recordTypeOf,
  type Hello,
  type RunnerMethod,
  type RunnerMethods,
  type RunRecord,
} from '@berth/wire';

/** Records of one channel as they come. */
export interface Stream {
  readonly records: RunRecord[];
  /** Bytes of stdout and stderr, as text. */
  text(type?: 'stdout' | 'stderr'): string;
  /** Resolves with what `pick` gives once it gives something. */
  until<T>(pick: (records: readonly RunRecord[]) => T | undefined): Promise<T>;
  /** Resolves when the `end` frame came. */
  readonly ended: Promise<void>;
  ack(seq: number): void;
}

export interface SubscribeOptions {
  readonly from?: number;
  readonly window?: number;
  /** Confirm each record at once; default true. */
  readonly ack?: boolean;
  /** Called instead of keeping the record. */
  readonly onRecord?: (record: RunRecord) => void;
}

export class TestAgent {
  readonly socket: Socket;
  readonly hello: Promise<Hello>;
  readonly closed: Promise<void>;
  readonly #decoder = new FrameDecoder({ min: FRAME_HEADER_BYTES - 4, max: MAX_FRAME_LENGTH });
  readonly #calls = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #channels = new Map<number, { record: (record: RunRecord) => void; end: () => void }>();
  readonly #parts = new Map<number, Buffer[]>();
  #setHello: (hello: Hello) => void = () => {};
  #next = 1;

  constructor(path: string) {
    this.socket = connect(path);
    this.hello = new Promise((resolve, reject) => {
      this.#setHello = resolve;
      this.socket.once('close', () => reject(new Error('closed before the hello')));
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      for (const body of this.#decoder.push(chunk)) this.#frame(body);
    });
    void this.closed.then(() => {
      for (const call of this.#calls.values()) call.reject(new Error('closed'));
    });
  }

  welcome(body: unknown): void {
    this.socket.write(encodeJsonFrame(FRAME.welcome, 0, body));
  }

  call<M extends RunnerMethod>(method: M, params: RunnerMethods[M]['params']): Promise<RunnerMethods[M]['result']> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.socket.write(encodeJsonFrame(FRAME.request, 0, { id, method, params }));
    });
  }

  async subscribe(run: string, options: SubscribeOptions = {}): Promise<Stream> {
    const { from = 1, window = 4 * 1024 * 1024, ack = true, onRecord } = options;
    const channel = this.#next++;
    const records: RunRecord[] = [];
    let changed: () => void = () => {};
    const stream: Stream = {
      records,
      text: (type = 'stdout') =>
        Buffer.concat(records.flatMap((r) => (r.type === type ? [Buffer.from(r.data)] : []))).toString('utf8'),
      until: async (pick) => {
        for (;;) {
          const found = pick(records);
          if (found !== undefined) return found;
          await new Promise<void>((resolve) => (changed = resolve));
        }
      },
      ended: new Promise((resolve) => {
        this.#channels.set(channel, {
          record: (record) => {
            if (onRecord) onRecord(record);
            else records.push(record);
            if (ack) stream.ack(record.seq);
            changed();
          },
          end: resolve,
        });
      }),
      ack: (seq) => this.socket.write(frameHeader(FRAME.ack, channel, seq, 0)),
    };
    await this.call('subscribe', { channel, run: run as never, from, window });
    return stream;
  }

  close(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  #frame(body: Buffer): void {
    const [type, channel] = [body[0]! & 0x7f, body.readUInt32BE(1)];
    const parts = this.#parts.get(channel) ?? [];
    parts.push(body.subarray(FRAME_HEADER_BYTES - 4));
    if (body[0]! & 0x80) return void this.#parts.set(channel, parts);
    this.#parts.delete(channel);
    const payload = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const record = recordTypeOf(type);
    const seq = Number(body.readBigUInt64BE(5));
    if (record) this.#channels.get(channel)?.record(decodeRecord(record, seq, payload));
    else if (type === FRAME.end) this.#channels.get(channel)?.end();
    else if (type === FRAME.hello) this.#setHello(decodeJsonPayload(payload) as Hello);
    else if (type === FRAME.reply) this.#reply(decodeJsonPayload(payload) as { id: number; result: never; error?: unknown });
  }

  #reply({ id, result, error }: { id: number; result: never; error?: unknown }): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(errorFromBody(error));
  }
}
