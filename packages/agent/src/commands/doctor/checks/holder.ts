/** Whether the directories are free, and who has them otherwise. */
import { toBerthError } from '@berth/wire';
import { checkScratchRoot } from '../../../config/checks.js';
import { dataLayout, readNodeFile } from '../../data-directory.js';
import { isLocked } from '../../lock.js';
import type { DoctorContext } from '../context.js';
import { check, green, red, yellow } from '../finding.js';

export interface HolderFacts {
  readonly dataDir: string;
  readonly locked: boolean;
  /** The process that holds it; undefined when that is hidden. */
  readonly pid: number | undefined;
  readonly endpoint: string | undefined;
}

export const holder = check(
  { id: 'node.lock', group: 'node', title: 'who uses the data directory' },
  async ({ settings: { dataDir } }: DoctorContext): Promise<HolderFacts> => {
    const locked = await isLocked(dataDir);
    const file = locked ? await readNodeFile(dataLayout(dataDir)) : undefined;
    return { dataDir, locked, pid: file?.pid, endpoint: file?.endpoint };
  },
  ({ dataDir, locked, pid, endpoint }) => {
    if (!locked) return green(`nobody uses ${dataDir}`);
    if (pid !== undefined) return green(`the node with pid ${pid}, which serves on ${endpoint}, uses ${dataDir}`);
    return yellow(
      `something that does not say who it is holds ${dataDir}`,
      'Look for it with `ss -xlp | grep berth-node`; a node that starts now writes down who it is in a moment.',
    );
  },
);

/** Of a node under a manager: it is never made, so it must be there. */
export const scratchRoot = {
  ...check(
    { id: 'node.scratch-root', group: 'node', title: 'the scratch root can be used' },
    async ({ settings: { scratchRoot: path } }: DoctorContext) => ({ path, problem: problemWith(path) }),
    ({ path, problem }) => (problem ? red(problem.message, problem.fix) : green(path)),
  ),
  needs: 'manager' as const,
};

function problemWith(path: string) {
  try {
    checkScratchRoot(path);
    return undefined;
  } catch (error) {
    return toBerthError(error);
  }
}
