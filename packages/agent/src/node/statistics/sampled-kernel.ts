/** What is known of one kernel's use, over its incarnations, and the open files that tell more. */
import type { KernelId, KernelStatistics } from '@berth/wire';
import type { KernelFiles } from './kernel-files.js';
import { emptyTally, nextIncarnation, toStatistics, withCounters, withScratch, type Tally } from './tally.js';

/** A kernel as the sampler is told of it. */
export interface KernelToSample {
  readonly kernelId: KernelId;
  /** Null until there is one. */
  readonly containerId: string | null;
  /** Grows with each restart. */
  readonly incarnation: number;
  /** Its /home/work on the host. */
  readonly workDirectory: string;
}

/** Open files of one container. */
export type OpenFiles = Pick<KernelFiles, 'read' | 'isEmpty' | 'close'>;

export class SampledKernel {
  #kernel: KernelToSample;
  #tally: Tally = emptyTally;
  #files: OpenFiles | undefined;
  #final: KernelStatistics['final'] = null;

  constructor(kernel: KernelToSample) {
    this.#kernel = kernel;
  }

  get kernel(): KernelToSample {
    return this.#kernel;
  }

  get isOpen(): boolean {
    return this.#files !== undefined;
  }

  get hasEnded(): boolean {
    return this.#final !== null;
  }

  /** Undefined before the first sample. */
  get statistics(): KernelStatistics | undefined {
    return toStatistics(this.#tally, this.#final);
  }

  /** Whether this is another container than the one that is counted now. One that has ended comes back only as a later incarnation. */
  isNextOf(kernel: KernelToSample): boolean {
    const { containerId, incarnation } = this.#kernel;
    if (kernel.incarnation !== incarnation) return kernel.incarnation > incarnation;
    return !this.hasEnded && kernel.containerId !== null && kernel.containerId !== containerId;
  }

  /** Goes on with another container; what was used so far is kept. */
  follow(kernel: KernelToSample, at: number): void {
    if (!this.hasEnded) this.sample(at);
    this.close();
    this.#tally = nextIncarnation(this.#tally);
    this.#kernel = kernel;
    this.#final = null;
  }

  /** Takes over files of its container. */
  adopt(files: OpenFiles): void {
    this.close();
    this.#files = files;
  }

  /** Reads now. False when there is nothing to read (any more): then the last sample stands. */
  sample(at: number): boolean {
    const counters = this.#files?.read();
    if (counters) {
      this.#tally = withCounters(this.#tally, counters, at);
      return true;
    }
    this.close();
    return false;
  }

  /** A last look. What it tells is final only when no process was left before it. */
  finalSample(at: number): KernelStatistics | undefined {
    const empty = this.#files?.isEmpty === true;
    const read = this.sample(at);
    return toStatistics(this.#tally, empty && read ? 'exact' : 'last-seen');
  }

  /** Nothing is sampled from here on. */
  end(at: number): void {
    if (this.hasEnded) return;
    this.#final = this.finalSample(at)?.final ?? 'last-seen';
    this.close();
  }

  scratch(bytes: number | null): void {
    this.#tally = withScratch(this.#tally, bytes);
  }

  close(): void {
    this.#files?.close();
    this.#files = undefined;
  }
}
