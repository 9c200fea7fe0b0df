/** Starts the bundled runner in a directory of its own, outside of any container. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_RETENTION, type RunnerSpec } from '@berth/wire';
import { RUNNER_FLAGS } from '../src/flags.js';
import { TestAgent } from './client.js';

const REPOSITORY = new URL('../../..', import.meta.url).pathname;
const SUBREAPERS = ['/usr/bin/tini-static', '/usr/bin/docker-init', '/usr/libexec/docker/docker-init', '/usr/bin/tini'];

const PTY_ADDON = `${REPOSITORY}node_modules/@lydell/node-pty-linux-${process.arch}/pty.node`;

/** A subreaper of this machine, if it has one. */
export const tini = SUBREAPERS.find(existsSync);

const isRoot = process.getuid!() === 0;
export const TOKEN = 'a'.repeat(32);

export interface HarnessOptions {
  readonly spec?: Partial<RunnerSpec>;
  /** False: no subreaper in the carry. */
  readonly subreaper?: boolean;
  /** False: nothing to make terminals with in the carry. */
  readonly terminals?: boolean;
  /** Directory with REPL scripts; default that of the repository. */
  readonly repl?: string;
}

export interface Harness {
  readonly root: string;
  readonly run: string;
  readonly work: string;
  readonly process: ChildProcess;
  /** Pid of the runner itself. */
  readonly pid: number;
  readonly spec: RunnerSpec;
  /** A connected agent whose welcome was taken. */
  agent(more?: { readonly epoch?: number; readonly token?: string; readonly welcome?: boolean }): Promise<TestAgent>;
  stop(): Promise<void>;
}

let bundle: Promise<string> | undefined;

/** Builds the bundle once per test process. */
function bundled(): Promise<string> {
  bundle ??= (async () => {
    const target = join(mkdtempSync(join(tmpdir(), 'berth-bundle-')), 'runner.mjs');
    const script = `${REPOSITORY}scripts/bundle-runner.mjs`;
    const { bundleRunner } = (await import(/* @vite-ignore */ script)) as { bundleRunner(target: string): Promise<string> };
    await bundleRunner(target);
    chmodSync(join(target, '..'), 0o755);
    process.once('exit', () => rmSync(join(target, '..'), { recursive: true, force: true }));
    return target;
  })();
  return bundle;
}

export async function startRunner(options: HarnessOptions = {}): Promise<Harness> {
  const file = await bundled();
  const root = mkdtempSync(join(tmpdir(), 'berth-runner-'));
  chmodSync(root, 0o755);
  const [run, carry, work] = ['berth/run', 'opt/berth', 'home/work'].map((path) => join(root, path)) as [string, string, string];
  for (const path of [run, join(carry, 'bin'), work]) mkdirSync(path, { recursive: true });
  chmodSync(run, 0o777);
  symlinkSync(options.repl ?? `${REPOSITORY}packages/runner/repl`, join(carry, 'repl'));
  symlinkSync(file, join(carry, 'runner.mjs'));
  mkdirSync(join(carry, 'lib'));
  if (options.terminals !== false) symlinkSync(PTY_ADDON, join(carry, 'lib/pty.node'));
  if (tini && options.subreaper !== false) symlinkSync(tini, join(carry, 'bin/tini'));
  const fifos = options.spec?.fifos ?? 8;
  if (fifos > 0) execFileSync('mkfifo', ['-m', '666', ...Array.from({ length: fifos }, (_, n) => join(run, `fifo-${n}`))]);
  const user = isRoot ? 12345 : process.getuid!();
  const group = isRoot ? 12345 : process.getgid!();
  chownSync(work, user, group);
  const spec: RunnerSpec = {
    uid: user,
    gid: group,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    deadManSeconds: 3600,
    lifetimeSeconds: null,
    retention: DEFAULT_RETENTION,
    fifos,
    ...options.spec,
  };
  const places = ['--run', run, '--carry', carry, '--work', work];
  const command = [process.execPath, ...RUNNER_FLAGS, file, '--kernel', 'k1', '--incarnation', '1', ...places];
  // Under an init of its own, as in a kernel.
  const argv = tini ? [tini, '-s', '--', ...command] : command;
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'inherit', 'inherit'], env });
  const exited = once(child, 'exit');
  const socket = join(run, 'runner.sock');
  // The socket is there a moment before it listens; it gets its mode after that.
  const listens = () => (statSync(socket, { throwIfNoEntry: false })?.mode ?? 0) % 0o1000 === 0o777;
  await waitFor(() => listens() || child.exitCode !== null);
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' });
  return {
    root,
    run,
    work,
    spec,
    process: child,
    pid: tini ? Number(children.trim().split('\n')[0]) : child.pid!,
    agent: async ({ epoch = 1, token = TOKEN, welcome = true } = {}) => {
      const agent = new TestAgent(socket);
      await agent.hello;
      if (!welcome) return agent;
      agent.welcome({ version: 1, agent: 'test', epoch, token, spec });
      await agent.call('runs', {});
      return agent;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Polls for what no event tells. */
export async function waitFor(condition: () => boolean, ms = 10_000): Promise<void> {
  const until = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > until) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Processes whose command line holds `mark`. */
export function processesWith(mark: string): number[] {
  const found: number[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(mark)) found.push(Number(pid));
    } catch {
      // Gone.
    }
  }
  return found;
}

/** An argument that no other process has. */
export const marked = (): string => String(86_400 + Math.random());
