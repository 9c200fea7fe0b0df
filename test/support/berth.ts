/** The product as users run it: the `berth` program in processes of its own, on the real Docker, in a temporary data directory. */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthClient } from '@berth/client';
import type { TestDocker } from './services.js';

const MAIN = new URL('../../packages/cli/bin/berth.js', import.meta.url).pathname;

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code, or 128 + n after a signal. */
  readonly code: number;
}

export class Berth {
  readonly dataDir: string;
  readonly #env: NodeJS.ProcessEnv;
  #node: ChildProcess | undefined;

  private constructor(dataDir: string, env: NodeJS.ProcessEnv) {
    this.dataDir = dataDir;
    this.#env = env;
  }

  static async create(docker: TestDocker | undefined): Promise<Berth> {
    const dataDir = await mkdtemp(join(tmpdir(), 'berth-e2e-'));
    await chmod(dataDir, 0o700);
    const env: NodeJS.ProcessEnv = { ...process.env, BERTH_DATA_DIR: dataDir, HOME: dataDir, NO_COLOR: '1' };
    delete env['NODE_EXTRA_CA_CERTS'];
    delete env['BERTH_IMAGE'];
    delete env['BERTH_DRIVER'];
    if (docker) {
      env['DOCKER_HOST'] = `unix://${docker.socketPath}`;
      // Under the load of other tests it may take its time, and must not be passed over.
      env['BERTH_DRIVER'] = 'docker';
      env['BERTH_IMAGE'] = docker.images.debian;
    }
    return new Berth(dataDir, env);
  }

  /** Starts the program; the caller handles its streams. */
  spawn(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [MAIN, ...args], { env: { ...this.#env, ...env }, cwd: this.dataDir });
  }

  /** Starts the program in a terminal (in-pty.py): standard input is typed, standard output is what the screen shows. */
  spawnInTerminal(args: readonly string[]): ChildProcessWithoutNullStreams {
    const driver = new URL('in-pty.py', import.meta.url).pathname;
    return spawn('python3', [driver, process.execPath, MAIN, ...args], { env: this.#env, cwd: this.dataDir });
  }

  /** A node that kills itself before or after its n-th journal entry. */
  spawnCrashing(step: number, moment: 'before' | 'after'): ChildProcessWithoutNullStreams {
    const program = new URL('crashing-node.mjs', import.meta.url).pathname;
    return spawn(process.execPath, [program, String(step), moment], { env: this.#env, cwd: this.dataDir });
  }

  /** Runs the program to its end. */
  async run(args: readonly string[], options: { input?: string | Buffer; env?: NodeJS.ProcessEnv } = {}): Promise<Ended> {
    const child = this.spawn(args, options.env);
    const ended = collect(child);
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    return ended;
  }

  /** Starts `berth up` in the foreground and waits until it answers; or another program that is a node. */
  async up(node = this.spawn(['up', '--listen', '127.0.0.1:0'])): Promise<void> {
    let said = '';
    node.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    node.stdout.resume();
    this.#node = node;
    while (!existsSync(join(this.dataDir, 'node.json')) || this.nodePid !== node.pid) {
      if (node.exitCode !== null) throw new Error(`berth up ended with ${node.exitCode}: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Pid that the node wrote down. */
  get nodePid(): number | undefined {
    try {
      return (JSON.parse(readFileSync(join(this.dataDir, 'node.json'), 'utf8')) as { pid: number }).pid;
    } catch {
      return undefined;
    }
  }

  /** Kills the node as a crash would, and waits until it is dead. */
  async kill9(): Promise<void> {
    const node = this.#node!;
    if (node.exitCode === null && node.signalCode === null) {
      node.kill('SIGKILL');
      await once(node, 'exit');
    }
  }

  get client(): BerthClient {
    const { endpoint } = JSON.parse(readFileSync(join(this.dataDir, 'node.json'), 'utf8')) as { endpoint: string };
    return new BerthClient({ endpoint, key: readFileSync(join(this.dataDir, 'key'), 'utf8').trim() });
  }

  /** Ends the node with its sessions and removes the data directory. */
  async dispose(): Promise<void> {
    await this.run(['down', '--terminate']);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** All output and the end of a child. */
export async function collect(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
  return {
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
    code: code ?? 128 + (numbers[signal!] ?? 0),
  };
}
