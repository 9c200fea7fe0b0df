/**
 * Which kernels fit. What is in use is derived from the living kernels each time, so that there is no second book to go wrong; only
 * grants whose kernel is not registered yet are held here.
 */
import { BerthError, type KernelView } from '@berth/wire';
import { chooseCores, coreUse, type NumaNode } from './cores.js';

export interface Wish {
  /** Number of cores to choose; ignored when `cpuset` names them. */
  readonly cores: number;
  readonly cpuset: readonly number[] | null;
  readonly memoryBytes: number;
}

export interface Grant {
  /** Sorted. */
  readonly cpuset: readonly number[];
  readonly memoryBytes: number;
}

export interface AdmissionLimits {
  /** Cores that may be used. */
  readonly nodes: readonly NumaNode[];
  /** Memory that all kernels together may be promised. */
  readonly memoryBytes: number;
}

type Living = Pick<KernelView, 'kernelId' | 'spec'>;

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #living: () => readonly Living[];
  readonly #held = new Map<string, Grant>();

  constructor(limits: AdmissionLimits, living: () => readonly Living[]) {
    this.#limits = limits;
    this.#living = living;
  }

  /**
   * Holds what `kernelId` wants while `make` makes the kernel; from then on the kernel itself stands for it. A failure or abort gives
   * it back in the same step. Errors: `resources-short`, `bad-request` for cores that may not be used, and those of `make`.
   */
  async hold<T>(kernelId: string, wish: Wish, make: (grant: Grant) => Promise<T>): Promise<T> {
    const grant = this.#decide(kernelId, wish);
    this.#held.set(kernelId, grant);
    try {
      return await make(grant);
    } finally {
      this.#held.delete(kernelId);
    }
  }

  #decide(kernelId: string, wish: Wish): Grant {
    const living = this.#living().filter((kernel) => kernel.kernelId !== kernelId && !this.#held.has(kernel.kernelId));
    const promised = [...living.map(({ spec }) => spec), ...this.#held.values()];
    const used = promised.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    const { nodes, memoryBytes: most } = this.#limits;
    if (used + wish.memoryBytes > most) {
      throw new BerthError(
        'resources-short',
        `mem: ${mib(wish.memoryBytes)} were asked for, and of ${mib(most)} that may be promised ${mib(Math.max(0, most - used))} are left`,
        {
          fix: 'Ask for less, end other sessions, or raise --memory-overcommit.',
          fields: { slot: 'mem', wanted: wish.memoryBytes, limit: most, used },
        },
      );
    }
    return {
      cpuset: wish.cpuset ?? chooseCores(nodes, coreUse(promised.map(({ cpuset }) => cpuset ?? [])), wish.cores),
      memoryBytes: wish.memoryBytes,
    };
  }
}

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
