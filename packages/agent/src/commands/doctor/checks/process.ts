/** What this process has and may: a node that this user starts has the same. */
import type { DoctorContext } from '../context.js';
import { check, green, red, worst, yellow, type CheckEntry } from '../finding.js';
import { text } from '../look.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `machine.${id}`, group: 'machine', title });

/** Majors that are tested, and the oldest that starts at all. */
const TESTED = [20, 22, 24];
const OLDEST = { major: 20, minor: 19 };

export const node = check(
  entry('node', 'Node.js'),
  async (_context: DoctorContext) => process.versions.node,
  (version) => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor))
      return red(`Node.js ${version}`, `Install Node.js ${OLDEST.major}.${OLDEST.minor} or later.`);
    if (TESTED.includes(major)) return green(`Node.js ${version}`);
    return yellow(`Node.js ${version}, with which Berth is not tested`, `Use a version that is: ${TESTED.join(', ')}.`);
  },
);

const FILES = { good: 4_096, least: 256 };
const PROCESSES = { good: 1_024, least: 64 };

export interface UlimitFacts {
  /** Soft and hard limit; Infinity: none. */
  readonly files: readonly [number, number];
  readonly processes: readonly [number, number];
}

/** From `/proc/<pid>/limits`. Pure. */
export function parseLimits(limits: string): UlimitFacts {
  const row = (name: string): [number, number] => {
    const [, soft, hard] = new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(limits) ?? [];
    const value = (word: string | undefined) => (word === undefined || word === 'unlimited' ? Infinity : Number(word));
    return [value(soft), value(hard)];
  };
  return { files: row('Max open files'), processes: row('Max processes') };
}

export const ulimits = check(
  entry('ulimits', 'open files and processes of this user'),
  async (_context: DoctorContext) => parseLimits((await text('/proc/self/limits')) ?? ''),
  ({ files, processes }) => {
    const told = (what: string, [soft]: readonly [number, number], { good, least }: typeof FILES, fix: string) => {
      const says = `${Number.isFinite(soft) ? soft : 'no limit of'} ${what}`;
      return soft < least ? red(says, fix) : soft < good ? yellow(`${says}, few for many sessions`, fix) : green(says);
    };
    return worst([
      told('open files', files, FILES, `\`ulimit -n ${FILES.good}\`, or LimitNOFILE=${FILES.good} in the unit of the service.`),
      told(
        'processes',
        processes,
        PROCESSES,
        `\`ulimit -u ${PROCESSES.good}\`, or LimitNPROC=${PROCESSES.good} in the unit of the service.`,
      ),
    ]);
  },
);

export interface CapabilityFacts {
  readonly uid: number;
  /** `CapEff` of /proc/self/status, hexadecimal. */
  readonly effective: string;
}

/** By number: what a node that is root uses to give each kernel a user of its own. */
const USED: Readonly<Record<string, number>> = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3, KILL: 5 };

export const capabilities = check(
  entry('capabilities', 'who this is, and what it may do'),
  async ({ uid }: DoctorContext): Promise<CapabilityFacts> => {
    const status = (await text('/proc/self/status')) ?? '';
    return { uid, effective: /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0' };
  },
  ({ uid, effective }) => {
    if (uid !== 0) return green(`user ${uid}: code of all sessions runs under this same user id`);
    const held = BigInt(`0x${effective}`);
    const missing = Object.entries(USED).flatMap(([name, bit]) => ((held >> BigInt(bit)) & 1n ? [] : [name]));
    if (missing.length > 0)
      return red(
        `root, but without ${missing.join(', ')}`,
        `Give the service these capabilities (CapabilityBoundingSet, --cap-add), or run the node as an ordinary user.`,
      );
    return green('root: each session gets a user id of its own');
  },
);
