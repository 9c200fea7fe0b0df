/** What a kernel has used. A value that could not be read is null: a missing file is a missing value, never zero. */
export interface KernelStatistics {
  /** When it was read, milliseconds since the epoch. */
  readonly at: number;
  /** Null while the kernel lives. `exact`: read when nothing could change any more; `last-seen`: the last one before the end. */
  readonly final: 'exact' | 'last-seen' | null;
  /** CPU time of all processes, user and system, in nanoseconds; only grows. */
  readonly cpuNs: number | null;
  /** Memory charged to the kernel now, caches included, in bytes. */
  readonly memoryBytes: number | null;
  /** The most it ever was. */
  readonly memoryPeakBytes: number | null;
  /** Bytes over all interfaces but loopback; only grow. */
  readonly netRxBytes: number | null;
  readonly netTxBytes: number | null;
  /** Bytes from and to block devices; only grow. */
  readonly ioReadBytes: number | null;
  readonly ioWriteBytes: number | null;
  /** Bytes on disk below /home/work, and the most they ever were. */
  readonly scratchBytes: number | null;
  readonly scratchPeakBytes: number | null;
}
