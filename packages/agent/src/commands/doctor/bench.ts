/** A node of its own for the probes: a temporary agent in a temporary directory, which nobody else knows. */
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, withDeadline } from '@berth/base';
import {
  completeKernelSpec,
  newRunId,
  newSessionId,
  type BatchRun,
  type Finished,
  type KernelId,
  type KernelService,
  type KernelSpec,
} from '@berth/wire';
import { startAgent, type Agent } from '../../agent.js';
import { recordsOf } from '../../manager-link/v1_4/execute/records.js';
import { isPassedThrough, makePassable } from '../../node/passable.js';
import type { Driver } from '../../ports/driver.js';
import { silentLogger } from '../../ports/logger.js';
import { lockDirectory } from '../lock.js';
import { exists } from './look.js';
import type { DoctorDriver } from './drivers.js';
import type { DoctorSettings } from './settings.js';

export interface BenchOptions {
  readonly settings: DoctorSettings;
  readonly driver: DoctorDriver;
  /** For tests: what stands between the probes and the service. */
  readonly service?: (real: KernelService) => KernelService;
  /** For tests: one that is there already need not be made. */
  readonly carryDirectory?: string;
}

/** All that a probe's program gave. */
export interface Ran {
  readonly stdout: string;
  readonly finished: Finished;
}

export type Program = Omit<BatchRun, 'runId' | 'mode' | 'argv'>;

/** Names of our directories begin so: what a driver made, the same driver must take away. */
const prefixOf = ({ name }: DoctorDriver): string => `.doctor-${name}-`;
const KERNEL_MS = 30_000;
const END_MS = 30_000;
/** Of what a program prints, so much is looked at. */
const MOST_OUTPUT = 64 * 1024;
/** A doctor that was killed leaves kernels behind, for no longer than this. */
const DEAD_MAN_SECONDS = 120;

export class Bench {
  readonly directory: string;
  readonly service: KernelService;
  readonly settings: DoctorSettings;
  readonly #agent: Agent;
  readonly #driver: Driver;
  readonly #unlock: () => void;

  private constructor(directory: string, agent: Agent, driver: Driver, options: BenchOptions, unlock: () => void) {
    this.directory = directory;
    this.settings = options.settings;
    this.#agent = agent;
    this.#driver = driver;
    this.service = options.service?.(agent.service) ?? agent.service;
    this.#unlock = unlock;
  }

  /** Errors: those of a start of an agent. Nothing is left then. */
  static async open(options: BenchOptions): Promise<Bench> {
    const base = await baseOf(options);
    await removeLeftOver(base, options);
    return Bench.#at(await mkdtemp(join(base, prefixOf(options.driver))), options);
  }

  static async #at(directory: string, options: BenchOptions): Promise<Bench> {
    const { settings } = options;
    const lock = await lockDirectory(directory);
    try {
      const state = join(directory, 'state');
      const driver = await options.driver.open(settings, state);
      const isolation = driver.isolation ?? 'sandboxed';
      if (isPassedThrough(isolation)) await makePassable(directory);
      const agent = await startAgent(
        {
          isolation,
          stateDirectory: state,
          scratchRoot: join(directory, 's'),
          carryDirectory: options.carryDirectory ?? join(directory, 'carry'),
          namespace: 'doctor',
          docker: settings.docker,
          logger: silentLogger,
        },
        { driver },
      );
      return new Bench(directory, agent, driver, options, () => lock.release());
    } catch (error) {
      lock.release();
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs `use` with a new kernel, which has ended when it resolves. Of the image `host`: it needs nothing that is not there. */
  async withKernel<T>(
    spec: Partial<KernelSpec>,
    signal: AbortSignal | undefined,
    use: (kernel: KernelId) => Promise<T>,
  ): Promise<T> {
    const sessionId = newSessionId();
    const kernelId = sessionId as string as KernelId;
    const whole = completeKernelSpec({ image: 'host', deadManSeconds: DEAD_MAN_SECONDS, ...spec });
    try {
      await withDeadline(
        'the session',
        KERNEL_MS,
        (inner) => this.service.createKernel({ kernelId, sessionId, spec: whole }, inner),
        signal,
      );
      return await use(kernelId);
    } finally {
      await withDeadline('the end of the session', END_MS, () =>
        this.service.destroyKernel(kernelId, { graceMs: 0 }).catch(() => {}),
      ).catch(() => {});
    }
  }

  /** Runs JavaScript in the kernel, on the Node that Berth brings, and waits for its end. */
  async run(kernel: KernelId, code: string, options: Program = {}): Promise<Ran> {
    const runId = newRunId();
    await this.service.startRun(kernel, { ...options, runId, mode: 'batch', interpreter: 'node', argv: ['-e', code] });
    const stream = await this.service.attachRun(kernel, runId, { from: 1 });
    let stdout = '';
    for await (const frames of stream) {
      for (const record of recordsOf(frames)) {
        if (record.type === 'stdout' && stdout.length < MOST_OUTPUT) stdout += Buffer.from(record.data).toString();
        if (record.type === 'finished') return { stdout, finished: record };
      }
      stream.ack(frames.at(-1)!.seq);
    }
    throw new Error('the output ended before the program did');
  }

  /** Ends all sessions of the bench and removes its directory. */
  async close(): Promise<void> {
    try {
      await withDeadline('the end of all sessions', END_MS, () => this.#agent.stop({ terminate: true }));
      // As an ordinary user it may not remove what other users of containers made.
      await rm(this.directory, { recursive: true, force: true }).catch(() => this.#driver.removeTree(this.directory));
    } finally {
      this.#unlock();
    }
  }

  /** Takes over what a killed doctor left, and ends it. */
  static async endLeftOver(directory: string, options: BenchOptions): Promise<void> {
    await (await Bench.#at(directory, options)).close();
  }
}

/** Where the node itself would put sessions, as some file systems cannot be mounted everywhere; before its first start, elsewhere. */
async function baseOf({ settings, driver }: BenchOptions): Promise<string> {
  const { dataDir } = settings;
  if (!(await exists(dataDir))) return tmpdir();
  const tried = await mkdtemp(join(dataDir, prefixOf(driver))).catch(() => undefined);
  if (tried === undefined) return tmpdir();
  await rm(tried, { recursive: true });
  return dataDir;
}

/** A doctor that is at work has younger ones. */
const LEFT_OVER_MS = 2 * DEAD_MAN_SECONDS * 1000;

async function removeLeftOver(base: string, options: BenchOptions): Promise<void> {
  const names = (await readdir(base).catch(() => [])).filter((name) => name.startsWith(prefixOf(options.driver)));
  for (const name of names) {
    const directory = join(base, name);
    // Another one at work holds the lock.
    if (await isLeftOver(directory)) await Bench.endLeftOver(directory, options).catch(() => {});
  }
}

/** In a place where everybody may write, a directory of this name may be a trap. */
async function isLeftOver(directory: string): Promise<boolean> {
  const status = await lstat(directory).catch(() => undefined);
  if (!status?.isDirectory() || status.uid !== process.getuid!() || (status.mode & 0o066) !== 0) return false;
  return systemClock.now() - status.mtimeMs > LEFT_OVER_MS;
}
