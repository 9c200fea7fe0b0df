/** What kernels share: ports and settings, handed in by the composition root. */
import type { Clock } from '@berth/base';
import type { RunnerConnector } from '../ports/channel.js';
import type { Driver } from '../ports/driver.js';
import type { JournalStore } from '../ports/journal-store.js';
import type { Logger } from '../ports/logger.js';
import type { Owner } from './hooks/container.js';
import type { LifecycleHook } from './hook.js';

export interface KernelContext {
  readonly driver: Driver;
  readonly connector: RunnerConnector;
  readonly hooks: readonly LifecycleHook[];
  readonly owner: Owner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly scratchRoot: string;
  readonly journals: JournalStore;
  /** Boot id of the machine. */
  readonly boot: string;
  readonly agentId: string;
  /** Grows with each start of the agent. */
  readonly epoch: number;
}
