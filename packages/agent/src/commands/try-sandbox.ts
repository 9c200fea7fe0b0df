/** Whether this machine lets this user make sandboxes, asked without a node. */
import { toBerthError, type BerthError } from '@berth/wire';
import { SandboxDriver } from '../adapters/sandbox/index.js';
import type { NodeSettings } from '../config/settings.js';

/** Nothing is made for the question, so nothing is ever looked for here. */
const NOWHERE = '/nonexistent';

export interface SandboxTrial {
  /** Null when it does; else `driver-unavailable` (no bubblewrap that can be used) or `driver-forbidden` (the machine refuses). */
  readonly fault: BerthError | null;
  /** Limits that it cannot hold here, a sentence each. */
  readonly unlimited: readonly string[];
}

export async function trySandbox({ bubblewrap }: Pick<NodeSettings, 'bubblewrap'>): Promise<SandboxTrial> {
  const driver = new SandboxDriver({ directory: NOWHERE, ...(bubblewrap === undefined ? {} : { programs: [bubblewrap] }) });
  try {
    const { missing = [] } = await driver.probe();
    return { fault: null, unlimited: missing };
  } catch (error) {
    return { fault: toBerthError(error), unlimited: [] };
  }
}
