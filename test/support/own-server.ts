/** A real server that a test may stop, kill and start again, on the same port and with the same data. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_MS = 30_000;

type Command = (directory: string) => { readonly program: string; readonly args: readonly string[] };
type IsReady = () => Promise<boolean>;

export class OwnServer {
  readonly port: number;
  /** What it keeps is below it. */
  readonly directory: string;
  readonly #command: Command;
  readonly #isReady: IsReady;
  readonly #adopted: string[] = [];
  #child: ChildProcess | undefined;

  private constructor(directory: string, port: number, command: Command, isReady: IsReady) {
    this.directory = directory;
    this.port = port;
    this.#command = command;
    this.#isReady = isReady;
  }

  static async start(port: number, command: Command, isReady: IsReady): Promise<OwnServer> {
    const server = new OwnServer(await mkdtemp(join(tmpdir(), 'berth-server-')), port, command, isReady);
    await server.start();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it again; resolves when it answers. */
  async start(): Promise<void> {
    const { program, args } = this.#command(this.directory);
    let said = '';
    const child = spawn(program, args, { cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said = `${said}${chunk}`.slice(-4096)));
    this.#child = child;
    for (let waited = 0; waited < START_MS; waited += 20) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended: ${said}`);
      if (await this.#isReady()) return;
      await delay(20);
    }
    throw new Error(`${program} did not answer: ${said}`);
  }

  /** Ends it and waits for its end. What it kept stays. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** A directory that goes with the server. */
  adopt(directory: string): void {
    this.#adopted.push(directory);
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    for (const directory of [this.directory, ...this.#adopted]) await rm(directory, { recursive: true, force: true });
  }
}
