/**
 * The manager's side of its wire, spoken by the genuine Python libraries: test/interop/manager_side.py does it, this tells it
 * what to do. `BERTH_TEST_PYTHON` names a Python that has them (describeWithPython in services.ts).
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AsyncQueue } from '@berth/base';

const PROGRAM = fileURLToPath(new URL('../interop/manager_side.py', import.meta.url));

/** How a call ended for Python: a value with the name of its type, or the exception that was raised. Bytes are Buffers. */
export type Ending =
  | { readonly value: unknown; readonly kind: string; readonly error?: undefined }
  | { readonly error: PythonError; readonly value?: undefined; readonly kind?: undefined };

export interface PythonError {
  /** For example `builtins.RuntimeError`. */
  readonly type: string;
  readonly args: readonly unknown[];
  readonly repr: string;
}

export interface CallOptions {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Seconds. Default: 10. */
  readonly timeout?: number;
}

/** One event as the manager's PULL socket got it, taken apart by independent libraries. */
export interface ManagerEvent {
  readonly name: string;
  readonly instance: string;
  readonly args: readonly unknown[];
  /** Python's names of the types of the first argument's members, when that is a map: tells 2 from 2.0, str from bytes. */
  readonly kinds: Readonly<Record<string, string>> | null;
  /** The image list of a heartbeat, out of its snappy block. */
  readonly images: readonly (readonly [name: string, id: string])[] | null;
}

/** What a socket brings; `close` gives the socket up. */
export interface Listening<T> {
  readonly events: AsyncQueue<T>;
  close(): Promise<void>;
}

/** A Python process in the manager's role. End it with `stop`, which leaves nothing. */
export class ManagerSide {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  readonly #channels = new Map<number, AsyncQueue<unknown>>();
  readonly #early = new Map<number, unknown[]>();
  #stderr = '';
  #next = 1;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#take(JSON.parse(line, revive) as Line));
    child.stderr.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-4000)));
    child.stdin.on('error', () => {});
    child.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the manager side has ended: ${this.#stderr}`));
      for (const queue of this.#channels.values()) queue.end();
    });
  }

  /** Starts it, and resolves when its libraries are loaded. Rejects with what Python said when it does not come up. */
  static async start(python: string): Promise<ManagerSide> {
    const side = new ManagerSide(spawn(python, ['-u', PROGRAM], { stdio: 'pipe' }));
    await side.versions();
    return side;
  }

  /** Versions of what speaks here. */
  versions(): Promise<Readonly<Record<'python' | 'aiozmq' | 'libzmq', string>>> {
    return this.#do('versions', {});
  }

  /** One call on a connection of its own, as the manager makes them. A call that takes too long closes its connection. */
  call(address: string, method: string, { args = [], kwargs = {}, timeout = 10 }: CallOptions = {}): Promise<Ending> {
    return this.#do('call', { address, method, args, kwargs, timeout });
  }

  /** A connection for many calls. */
  async open(address: string): Promise<Connection> {
    const channel = await this.#do<number>('open', { address });
    return {
      call: (method, { args = [], kwargs = {}, timeout = 10 } = {}) =>
        this.#do('call', { address, method, args, kwargs, timeout, channel }),
      close: () => this.#do('close', { channel }),
    };
  }

  /** Calls made at once on one connection, in the order in which they ended. `index` is the place in `calls`. */
  parallel(address: string, method: string, calls: readonly unknown[][]): Promise<readonly (Ending & { index: number })[]> {
    return this.#do('parallel', { address, method, calls });
  }

  /** As {@link parallel}, each call with a method of its own. */
  mixed(
    address: string,
    calls: readonly [method: string, ...args: unknown[]][],
  ): Promise<readonly (Ending & { index: number })[]> {
    return this.#do('mixed', { address, calls });
  }

  /** One connection per call, twenty at a time. Resolves with the number of calls that gave a value. */
  churn(address: string, method: string, args: readonly unknown[], count: number): Promise<number> {
    return this.#do('churn', { address, method, args, count });
  }

  /** A server of the genuine library with `ping(msg)` and `fail(kind)`, which raises the built-in exception `kind("it's", 1)`. */
  async genuineServer(): Promise<{ readonly address: string; close(): Promise<void> }> {
    const { channel, address } = await this.#do<{ channel: number; address: string }>('serve_genuine', {});
    return { address, close: () => this.#do('close', { channel }) };
  }

  /** Sends frames as they are. Resolves with the frames of the reply, or null when none comes within `timeout` seconds. */
  raw(address: string, frames: readonly Buffer[], timeout = 1): Promise<Buffer[] | null> {
    return this.#do('raw', { address, frames, timeout });
  }

  /** Sends a request `count` times and reads no reply, until it is closed. */
  async flood(address: string, frames: readonly Buffer[], count: number): Promise<{ sent: number; close(): Promise<void> }> {
    const { channel, sent } = await this.#do<{ channel: number; sent: number }>('flood', { address, frames, count });
    return { sent, close: () => this.#do('close', { channel }) };
  }

  /** A manager's event socket on 127.0.0.1; without `port` on a free one. */
  async listen(port?: number): Promise<Listening<ManagerEvent> & { readonly address: string; readonly port: number }> {
    const { channel, address } = await this.#do<{ channel: number; address: string }>('listen', { port: port ?? null });
    return { ...this.#listening<ManagerEvent>(channel), address, port: Number(address.split(':').at(-1)) };
  }

  /** Both sockets of a terminal: a PUB that sends to `stdin`, a SUB whose messages, each a list of frames, are the events. */
  async terminal(stdin: string, stdout: string): Promise<Listening<Buffer[]> & { send(...frames: Buffer[]): Promise<void> }> {
    const channel = await this.#do<number>('terminal', { stdin, stdout });
    return {
      ...this.#listening<Buffer[]>(channel),
      send: (...frames) => this.#do('terminal_send', { channel, frames }),
    };
  }

  /** Ends the process with its sockets. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
  }

  /** Ends it as a machine that loses its power: no socket says good-bye to what it had not read. */
  async kill(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  #listening<T>(channel: number): Listening<T> {
    const events = new AsyncQueue<unknown>();
    for (const item of this.#early.get(channel) ?? []) events.push(item);
    this.#early.delete(channel);
    this.#channels.set(channel, events);
    const close = async () => {
      await this.#do('close', { channel });
      this.#channels.delete(channel);
      events.end();
    };
    return { events: events as AsyncQueue<T>, close };
  }

  #do<T>(op: string, request: object): Promise<T> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, op, ...(wrapBytes(request) as object) })}\n`);
    });
  }

  #take(line: Line): void {
    if ('channel' in line) {
      const queue = this.#channels.get(line.channel);
      if (queue) return queue.push(line.item);
      // The answer that names the channel may come right behind what it brought.
      this.#early.set(line.channel, [...(this.#early.get(line.channel) ?? []), line.item]);
      return;
    }
    const waiting = this.#waiting.get(line.id);
    this.#waiting.delete(line.id);
    if ('failure' in line) waiting?.reject(new Error(line.failure));
    else waiting?.resolve(line.result as never);
  }
}

/** A connection that stays. */
export interface Connection {
  call(method: string, options?: CallOptions): Promise<Ending>;
  close(): Promise<void>;
}

type Line = { id: number; result: unknown } | { id: number; failure: string } | { channel: number; item: unknown };

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value;
  return Buffer.from(value.$bytes as string, 'base64');
}

// Not by a replacer: a Buffer has become something else before it would see it.
function wrapBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(wrapBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, wrapBytes(member)]));
}
