/**
 * Samples what every kernel uses, from the kernel's own files. One pass reads all of them without waiting for anything; whatever may
 * take time (asking the driver for a pid, walking a scratch directory) goes on beside it, so that no kernel delays another.
 */
import { sleep, systemClock, withDeadline, type Clock } from '@berth/base';
import type { KernelId, KernelStatistics } from '@berth/wire';
import type { Driver } from '../../ports/driver.js';
import type { Logger } from '../../ports/logger.js';
import { KernelFiles } from './kernel-files.js';
import { SampledKernel, type KernelToSample, type OpenFiles } from './sampled-kernel.js';
import { scratchSize } from './scratch-size.js';

export interface SamplerOptions {
  /** Kernels that live now; asked with each sample. */
  readonly kernels: () => readonly KernelToSample[];
  readonly driver: Pick<Driver, 'inspect'>;
  readonly clock?: Clock;
  readonly logger: Logger;
  /** Between two samples, milliseconds; default 1000. */
  readonly intervalMs?: number;
  /** Opens what tells about the container of this first process; default: the machine's files. */
  readonly open?: (pid: number) => Promise<OpenFiles>;
  /** Bytes on disk below a directory, null when they cannot be told. */
  readonly scratchSize?: (directory: string, signal: AbortSignal) => Promise<number | null>;
}

const INTERVAL_MS = 1000;
/** A kernel's last sample waits no longer for a driver that must be asked first. */
const FINAL_MS = 200;
const INSPECT_MS = 5000;
/** Asked at once; more wait for the next sample. */
const MOST_ASKED = 10;
const LONGEST_PAUSE_MS = 30_000;

const SCRATCH_EVERY_MS = 10_000;
/** A tree that was too large is not likely to be small soon. */
const LARGE_SCRATCH_EVERY_MS = 300_000;
/** Between two walks, in lengths of the first: walking takes a tenth of the time at most. */
const REST = 10;

const REMEMBERED = 100;
const REMEMBER_MS = 3600_000;

/** A kernel, and when something may be asked for it again, on the clock that never jumps. */
interface Entry {
  readonly kernel: SampledKernel;
  asking: boolean;
  failures: number;
  askAt: number;
  walkAt: number;
  endedAt: number | null;
}

export class StatisticsSampler {
  readonly #options: SamplerOptions;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Living and remembered ones; in the order in which they were first seen, or ended. */
  readonly #entries = new Map<KernelId, Entry>();
  #stopped = false;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS;
  }

  /** Samples until `signal` aborts; lets go of all files then. */
  async keepSampling(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all([this.#keepReading(signal), this.#keepWalking(signal)]);
    } finally {
      this.#stopped = true;
      for (const { kernel } of this.#entries.values()) kernel.close();
    }
  }

  /** The last sample of a kernel that lives, or ended within the hour; undefined when there is none. */
  latest(kernelId: KernelId): KernelStatistics | undefined {
    return this.#entries.get(kernelId)?.kernel.statistics;
  }

  /**
   * Reads now, or within 200 ms when the driver must be asked first; the last sample where nothing can be read. `final` says whether
   * anything could still change. The kernel goes on being sampled.
   */
  async finalSample(kernelId: KernelId): Promise<KernelStatistics | undefined> {
    const listed = this.#options.kernels().find((kernel) => kernel.kernelId === kernelId);
    const entry = listed ? this.#entryOf(listed) : this.#entries.get(kernelId);
    if (!entry) return undefined;
    if (entry.kernel.hasEnded) return entry.kernel.statistics;
    if (!entry.kernel.isOpen) await withDeadline('statistics', FINAL_MS, () => this.#open(entry)).catch(() => {});
    return entry.kernel.finalSample(this.#clock.now());
  }

  /** The kernel is over: a last look if there is anything to see; its sample is kept for an hour. Idempotent. */
  markEnded(kernelId: KernelId): void {
    const entry = this.#entries.get(kernelId);
    if (!entry || entry.kernel.hasEnded) return;
    const now = this.#clock.now();
    entry.kernel.end(now);
    entry.endedAt = now;
    this.#entries.delete(kernelId);
    this.#entries.set(kernelId, entry);
    this.#forget();
  }

  /** One sample of all. Never waits and never throws. */
  sampleNow(): void {
    const kernels = this.#options.kernels();
    const living = new Set(kernels.map(({ kernelId }) => kernelId));
    for (const kernelId of [...this.#entries.keys()]) if (!living.has(kernelId)) this.markEnded(kernelId);
    let asked = 0;
    for (const kernel of kernels) {
      const entry = this.#entryOf(kernel);
      if (entry.kernel.hasEnded || kernel.containerId === null) continue;
      if (entry.kernel.isOpen && entry.kernel.sample(this.#clock.now())) continue;
      if (entry.asking || this.#clock.monotonic() < entry.askAt || asked === MOST_ASKED) continue;
      asked += 1;
      void this.#open(entry);
    }
    this.#forget();
  }

  async #keepReading(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.sampleNow();
      await sleep(this.#intervalMs, signal, this.#clock).catch(() => {});
    }
  }

  #entryOf(kernel: KernelToSample): Entry {
    let entry = this.#entries.get(kernel.kernelId);
    if (!entry) {
      entry = { kernel: new SampledKernel(kernel), asking: false, failures: 0, askAt: 0, walkAt: 0, endedAt: null };
      this.#entries.set(kernel.kernelId, entry);
    } else if (entry.kernel.isNextOf(kernel)) {
      entry.kernel.follow(kernel, this.#clock.now());
      Object.assign(entry, { failures: 0, askAt: 0, endedAt: null });
    }
    return entry;
  }

  /** Finds the container's first process and opens its files. Never rejects. */
  async #open(entry: Entry): Promise<void> {
    const { containerId } = entry.kernel.kernel;
    if (containerId === null) return;
    entry.asking = true;
    try {
      const seen = await withDeadline('inspect', INSPECT_MS, (signal) => this.#options.driver.inspect(containerId, signal));
      if (seen?.pid) await this.#adopt(entry, containerId, seen.pid);
    } catch (error) {
      this.#options.logger.debug({ kernel: entry.kernel.kernel.kernelId, err: error }, 'statistics cannot be read');
    } finally {
      entry.asking = false;
      entry.failures = entry.kernel.isOpen ? 0 : entry.failures + 1;
      const pause = Math.min(this.#intervalMs * 2 ** (entry.failures - 1), LONGEST_PAUSE_MS);
      entry.askAt = this.#clock.monotonic() + pause;
    }
  }

  async #adopt(entry: Entry, containerId: string, pid: number): Promise<void> {
    const files = await (this.#options.open ?? KernelFiles.open)(pid);
    // Another container, or the end, may have come meanwhile.
    if (this.#stopped || entry.kernel.hasEnded || entry.kernel.kernel.containerId !== containerId) return files.close();
    entry.kernel.adopt(files);
    entry.kernel.sample(this.#clock.now());
  }

  /** One scratch directory at a time, the one that waits longest first. */
  async #keepWalking(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const begin = this.#clock.monotonic();
      const next = [...this.#entries.values()]
        .filter(({ kernel, walkAt }) => !kernel.hasEnded && walkAt <= begin)
        .sort((a, b) => a.walkAt - b.walkAt)[0];
      if (next) await this.#walk(next, signal);
      const took = this.#clock.monotonic() - begin;
      const rest = next ? REST * took : this.#intervalMs;
      await sleep(rest, signal, this.#clock).catch(() => {});
    }
  }

  async #walk(entry: Entry, signal: AbortSignal): Promise<void> {
    const measure = this.#options.scratchSize ?? scratchSize;
    const bytes = await measure(entry.kernel.kernel.workDirectory, signal).catch(() => null);
    entry.kernel.scratch(bytes);
    entry.walkAt = this.#clock.monotonic() + (bytes === null ? LARGE_SCRATCH_EVERY_MS : SCRATCH_EVERY_MS);
  }

  #forget(): void {
    const ended = [...this.#entries].filter(([, { endedAt }]) => endedAt !== null);
    const since = this.#clock.now() - REMEMBER_MS;
    const surplus = ended.length - REMEMBERED;
    ended.forEach(([kernelId, { endedAt }], index) => {
      if (index < surplus || endedAt! < since) this.#entries.delete(kernelId);
    });
  }
}
