/** `berth agent` as operators run it, in a process of its own, in front of a real etcd; its manager is played by the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../scripts/services/ports.mjs';
import { etcdctl } from './etcd.js';
import type { TestDocker } from './services.js';

const MAIN = new URL('../../packages/cli/bin/berth.js', import.meta.url).pathname;

export interface ManagedAgentOptions {
  readonly docker: TestDocker;
  /** `HOST:PORT`. */
  readonly etcd: string;
  readonly namespace: string;
  readonly instanceId?: string;
  /** Schedulable names and local images. */
  readonly images?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another user than that of the test; it must be able to use Docker's socket. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** As a start script sets it, for example `0002`. */
  readonly umask?: string;
}

export class ManagedAgent {
  readonly directory: string;
  readonly scratchRoot: string;
  readonly instanceId: string;
  readonly namespace: string;
  /** Of RPC, for managers. */
  readonly address: string;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #user: ManagedAgentOptions['user'];
  readonly #umask: string | undefined;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(directory: string, port: number, options: ManagedAgentOptions) {
    this.directory = directory;
    this.scratchRoot = join(directory, 'scratch');
    this.instanceId = options.instanceId ?? 'i-test';
    this.namespace = options.namespace;
    this.address = `tcp://127.0.0.1:${port}`;
    this.#user = options.user;
    this.#umask = options.umask;
    this.#env = {
      ...process.env,
      DOCKER_HOST: `unix://${options.docker.socketPath}`,
      BERTH_DATA_DIR: join(directory, 'state'),
      HOME: directory,
      NO_COLOR: '1',
      ...options.env,
    };
    delete this.#env['NODE_EXTRA_CA_CERTS'];
    this.#args = [
      ...['agent', '-f', join(directory, 'berth.toml'), '--etcd-addr', options.etcd, '--namespace', options.namespace],
      ...['--instance-id', this.instanceId, '--scratch-root', this.scratchRoot, '--state-dir', join(directory, 'state')],
      ...['--agent-host-override', '127.0.0.1', '--agent-bind', '127.0.0.1', '--agent-port', String(port)],
      ...(options.flags ?? []),
    ];
  }

  /** Makes its directories, starts it, and resolves when it answers calls. */
  static async start(options: ManagedAgentOptions): Promise<ManagedAgent> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-agent-'));
    const [port] = (await freePorts(1)) as [number];
    const agent = new ManagedAgent(directory, port, options);
    await mkdir(agent.scratchRoot);
    const images = Object.entries(options.images ?? {}).map(
      ([name, local]) => `${JSON.stringify(name)} = ${JSON.stringify(local)}`,
    );
    await writeFile(join(directory, 'berth.toml'), ['[images]', ...images, ''].join('\n'), { mode: 0o644 });
    const { user } = options;
    if (user) for (const path of [directory, agent.scratchRoot]) await chown(path, user.uid, user.gid);
    await agent.up();
    return agent;
  }

  /** Everything it has said, over all its lives. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Another life. */
  async up(): Promise<void> {
    const command = [process.execPath, MAIN, ...this.#args];
    const [program, ...args] =
      this.#umask === undefined ? command : ['/bin/sh', '-c', 'umask "$0"; exec "$@"', this.#umask, ...command];
    const child = spawn(program!, args, {
      env: this.#env,
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.#user,
    });
    this.#child = child;
    const serves = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
        if (chunk.includes('berth serves')) resolve();
      });
    });
    child.stderr.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    const ended = once(child, 'close').then(() => {
      throw new Error(`the agent ended: ${this.#log}`);
    });
    ended.catch(() => {});
    await Promise.race([serves, ended]);
  }

  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As supervisord stops it. Resolves with its exit code. */
  async term(): Promise<number | null> {
    await this.#end('SIGTERM');
    return this.#child!.exitCode;
  }

  /** Runs a `berth` command on this node. */
  async berth(...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: this.#env,
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await once(child, 'close');
    return out;
  }

  /** Ends the agent with its kernels and removes its directories. */
  async dispose(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, 'close');
      await this.berth('down', '--terminate');
      await closed;
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }
}

/** What a manager writes into etcd at its start (seed spec 4.2), in one transaction as it does. */
export async function announceManager(
  etcd: string,
  namespace: string,
  facts: { readonly eventAddress: string; readonly redis?: string; readonly folderRoot?: string },
): Promise<void> {
  const prefix = `/sorna/${namespace}`;
  if (facts.redis) await etcdctl(etcd, 'put', `${prefix}/nodes/redis`, facts.redis);
  if (facts.folderRoot) await etcdctl(etcd, 'put', `${prefix}/volumes/_mount`, facts.folderRoot);
  await etcdctl(etcd, 'put', `${prefix}/nodes/manager/event_addr`, facts.eventAddress);
  await etcdctl(etcd, 'put', `${prefix}/nodes/manager`, 'i-manager');
}
