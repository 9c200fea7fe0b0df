/** Writes what kernels use to where the manager looks for it (seed spec 7): one hash a kernel, gone 30 s after its last renewal. */
import type { KernelId, KernelService, KernelStatistics } from '@berth/wire';
import type { StatisticsStore } from '../../ports/statistics-store.js';
import type { ManagedKernels } from './kernels.js';
import { toStatisticsHash } from './statistics-hash.js';

const EXPIRE_SECONDS = 30;

export type StoreAddress = Parameters<StatisticsStore['moveTo']>[0];

/** The manager wants all fields once there is one, so a value that is missing now is filled from the sample before. */
export class StatisticsPublisher {
  readonly #open: (address: StoreAddress) => StatisticsStore;
  readonly #before = new Map<KernelId, KernelStatistics>();
  /** Nowhere, until somebody says where. */
  #store: StatisticsStore | undefined;

  constructor(open: (address: StoreAddress) => StatisticsStore) {
    this.#open = open;
  }

  /** The manager looks there from now on. */
  moveTo(address: StoreAddress): void {
    if (this.#store) this.#store.moveTo(address);
    else this.#store = this.#open(address);
  }

  state(): { readonly ok: boolean; readonly detail: string } {
    return this.#store?.state() ?? { ok: false, detail: 'nodes/redis in etcd does not say where it is' };
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  /** One sample of each living kernel. What cannot be written is lost; the next sample follows. */
  async publishAll(kernels: Pick<ManagedKernels, 'all'>, service: Pick<KernelService, 'statistics'>): Promise<void> {
    const living = kernels.all().map(({ kernelId }) => kernelId);
    for (const id of this.#before.keys()) if (!living.includes(id)) this.#before.delete(id);
    await Promise.allSettled(
      living.map(async (id) => {
        const statistics = service.statistics(id);
        if (statistics) await this.publish(id, statistics);
      }),
    );
  }

  /** Rejects when the store is away. */
  async publish(id: KernelId, statistics: KernelStatistics): Promise<void> {
    const hash = toStatisticsHash(statistics, this.#before.get(id) ?? null);
    if (!hash) return;
    this.#before.set(id, statistics);
    await this.#store?.write(id, hash, EXPIRE_SECONDS);
  }
}
