/** A language process under test, with the descriptors that the runner gives it (docs/runner-protocol.md, The REPL link). */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export type ReplMessage = { readonly op: string } & Readonly<Record<string, unknown>>;

export interface ReplRun {
  readonly stdout: string;
  readonly stderr: string;
  /** What came over the link, without `done`. */
  readonly records: readonly ReplMessage[];
  readonly exitCode: number;
  readonly interrupted: boolean;
}

export interface RunOptions {
  /** Answers to `input`, in order; then `eof`. */
  readonly answers?: readonly string[];
  /** Sends the code with all but ASCII escaped. */
  readonly escaped?: boolean;
  /** Called for each message of the run, and with its output so far. Where it is given, `input` is not answered. */
  readonly on?: (event: { message?: ReplMessage; stdout: string }) => void;
}

const FILES = { python: 'python.py', node: 'node.mjs', bash: 'bash.sh' } as const;
export type ReplLanguage = keyof typeof FILES;

export class ReplProcess {
  readonly child: ChildProcess;
  /** The working directory: a new one, removed by {@link close}. */
  readonly directory = mkdtempSync(join(tmpdir(), 'berth-repl-'));
  readonly #control: Writable;
  #onMessage: (message: ReplMessage) => void = (message) => this.#early.push(message);
  readonly #early: ReplMessage[] = [];
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  #onOutput: () => void = () => {};
  #runs = 0;

  constructor(language: ReplLanguage, { command, env = {} }: { command?: string; env?: Record<string, string> } = {}) {
    const file = new URL(`../repl/${FILES[language]}`, import.meta.url).pathname;
    const program = command ?? { python: 'python3', node: process.execPath, bash: 'bash' }[language];
    this.child = spawn(program, [file], {
      cwd: this.directory,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.directory, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    const [, stdout, stderr, fromRepl, toRepl] = this.child.stdio as unknown as [null, Readable, Readable, Readable, Writable];
    this.#control = toRepl.on('error', () => {}); // the process is gone; its end says so
    stdout.on('data', (chunk: Buffer) => {
      this.#out.push(chunk);
      this.#onOutput();
    });
    stderr.on('data', (chunk: Buffer) => this.#err.push(chunk));
    createInterface(fromRepl).on('line', (line) => this.#onMessage(JSON.parse(line) as ReplMessage));
  }

  send(message: Record<string, unknown>, escaped = false): void {
    const escape = (unit: string) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0');
    const json = JSON.stringify(message);
    this.#control.write((escaped ? json.replace(/[^ -~]/g, escape) : json) + '\n');
  }

  /** SIGINT to the process and to what it started. */
  interrupt(): void {
    process.kill(-(this.child.pid ?? 0), 'SIGINT');
  }

  /** The version that the process announces. */
  async ready(): Promise<string> {
    const message = this.#early.shift() ?? (await new Promise<ReplMessage>((resolve) => (this.#onMessage = resolve)));
    return String(message['version']);
  }

  async complete(code: string, cursor = [...code].length): Promise<unknown> {
    const answer = new Promise<ReplMessage>((resolve) => (this.#onMessage = resolve));
    this.send({ op: 'complete', id: 'c', code, cursor });
    return (await answer)['matches'];
  }

  /** Runs code to its `done`. Output that was written before `done` is in the result. */
  async run(code: string, { answers = [], on, escaped = false }: RunOptions = {}): Promise<ReplRun> {
    const id = `r${(this.#runs += 1)}`;
    const records: ReplMessage[] = [];
    const left = [...answers];
    this.#out.length = this.#err.length = 0;
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8');
    this.#onOutput = () => on?.({ stdout: text(this.#out) });
    const done = await new Promise<ReplMessage>((resolve, reject) => {
      const lost = (): void => reject(new Error(`the process ended within a run: ${text(this.#err)}`));
      this.child.once('exit', lost);
      this.#onMessage = (message) => {
        if (message.op === 'done') {
          this.child.off('exit', lost);
          return resolve(message);
        }
        records.push(message);
        on?.({ message, stdout: text(this.#out) });
        if (message.op !== 'input' || on) return;
        const answer = left.shift();
        this.send(answer === undefined ? { op: 'eof' } : { op: 'input', text: answer });
      };
      this.send({ op: 'run', id, code }, escaped);
    });
    if (done['id'] !== id) throw new Error(`done of ${String(done['id'])} in ${id}`);
    await this.#drained();
    return {
      stdout: text(this.#out),
      stderr: text(this.#err),
      records,
      exitCode: Number(done['exitCode']),
      interrupted: done['interrupted'] === true,
    };
  }

  /** What was written before `done` is in the pipes by now: two turns of the loop without output have read them empty. */
  async #drained(): Promise<void> {
    for (let before = -1; before !== this.#out.length + this.#err.length;) {
      before = this.#out.length + this.#err.length;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async close(): Promise<number | null> {
    this.#control.end();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 3000);
      await once(this.child, 'exit');
      clearTimeout(timer);
    }
    rmSync(this.directory, { recursive: true, force: true });
    return this.child.exitCode;
  }
}
