/** The statistics store port: where a manager looks up what kernels have used. Adapter: `adapters/redis`; a fake in `testing/`. */

export interface StatisticsStore {
  /**
   * Replaces fields of the hash `key` and renews its expiry (seconds, at least 1), in one transaction. Rejects soon when the store
   * is away; a sample that could not be written is lost, the next one follows. Nothing happens without fields. Errors:
   * `coordinator-unavailable`, `coordinator-forbidden`.
   */
  write(key: string, fields: Readonly<Record<string, string>>, expireSeconds: number): Promise<void>;
  /** The store is elsewhere now. Same address: nothing happens. */
  moveTo(address: { readonly host: string; readonly port: number }): void;
  /** Before the first connection it is not ok. */
  state(): { readonly ok: boolean; readonly detail: string };
  close(): Promise<void>;
}
