/** The program as users run it, in a process of its own, against a gateway over the fake service in this process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataLayout, takeKey, writeNodeFile } from '../../agent/src/commands/data-directory.js';
import { lockDirectory, type Lock } from '../../agent/src/commands/lock.js';
import { startFakeNode, type FakeNode } from '../../gateway/testing/fake-node.js';

const PROGRAM = new URL('../bin/berth.js', import.meta.url).pathname;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class CliWorld {
  readonly dataDir: string;
  node: FakeNode | undefined;
  #lock: Lock | undefined;

  private constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  static async make(): Promise<CliWorld> {
    return new CliWorld(await mkdtemp(join(tmpdir(), 'berth-cli-')));
  }

  /** Starts a fake node that the program finds in the data directory. */
  async startNode(): Promise<FakeNode> {
    const layout = dataLayout(this.dataDir);
    this.#lock ??= await lockDirectory(this.dataDir);
    this.node = await startFakeNode({ key: await takeKey(layout), ...(this.node ? { service: this.node.service } : {}) });
    await writeNodeFile(layout, { pid: process.pid, endpoint: this.node.endpoint, startedAt: 0, ephemeral: false });
    return this.node;
  }

  /** Starts the program. Its standard input is open until the caller ends it. */
  spawn(args: readonly string[], env: Record<string, string> = {}): ChildProcess & { readonly ended: Promise<Ended> } {
    const clean: NodeJS.ProcessEnv = { ...process.env, BERTH_DATA_DIR: this.dataDir, ...env };
    delete clean['NODE_EXTRA_CA_CERTS'];
    const child = spawn(process.execPath, [PROGRAM, ...args], { env: clean, cwd: this.dataDir, stdio: 'pipe' });
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk: Buffer) => chunks[name].push(chunk));
    const ended = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: Buffer.concat(chunks.stdout).toString(),
      stderr: Buffer.concat(chunks.stderr).toString(),
    }));
    return Object.assign(child, { ended });
  }

  /** Runs the program to its end, with `input` on its standard input. */
  async run(args: readonly string[], input = '', env?: Record<string, string>): Promise<Ended> {
    const child = this.spawn(args, env);
    child.stdin!.on('error', () => {}).end(input);
    return child.ended;
  }

  async stop(): Promise<void> {
    await this.node?.gateway.close();
    this.#lock?.release();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
