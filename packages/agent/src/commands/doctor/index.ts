/**
 * `berth doctor`: what this machine should have for a node, and whether what we promise of sessions holds on it. Looks and probes are
 * made one after another by who asks, so that each can be told as it comes.
 */
import { join } from 'node:path';
import { DeadlineError, withDeadline } from '@berth/base';
import { BerthError, toBerthError, type KernelService } from '@berth/wire';
import type { Flags } from '../../config/agent-settings.js';
import type { DriverInfo } from '../../ports/driver.js';
import { Bench } from './bench.js';
import { isUsable, openContext, type DriverAnswers } from './context.js';
import { driversOf, type DoctorDriver } from './drivers.js';
import { failed } from './failed.js';
import { yellow, type CheckEntry, type Examination, type Finding } from './finding.js';
import { PROBES } from './probes/index.js';
import { selection } from './select.js';
import { doctorSettings, type DoctorSettings } from './settings.js';
import { CHECKS } from './table.js';
import { entryOf, Ward } from './ward.js';

export { GROUPS, type CheckEntry, type Examination, type Finding, type Group, type State } from './finding.js';

export interface DoctorOptions {
  /** Those of `berth agent`: with any of them, or with its variables or file, the node of a manager is examined. */
  readonly flags: Flags;
  /** Without the probes, which start sessions. */
  readonly quick: boolean;
  /** As `--driver` of `berth up`. */
  readonly driver?: string | undefined;
  /** Ids, or what stands before their dots; empty: all. */
  readonly only: readonly string[];
  readonly signal?: AbortSignal;
  /** Replacements for tests. */
  readonly parts?: {
    readonly settings?: DoctorSettings;
    readonly drivers?: readonly DoctorDriver[];
    readonly service?: (real: KernelService) => KernelService;
    readonly carryDirectory?: string;
  };
}

export interface Doctor {
  readonly examinations: readonly Examination[];
  /** Ends all sessions of probes, and leaves nothing. Rejects when that fails: something of them may still be there. */
  close(): Promise<void>;
}

const CHECK_MS = 30_000;
const DRIVER_MS = 15_000;

/** Errors: `bad-usage` for flags and unknown ids; `bad-config`, `file-unreadable`. */
export async function openDoctor({ flags, quick, driver, only, signal, parts = {} }: DoctorOptions): Promise<Doctor> {
  const settings = parts.settings ?? (await doctorSettings(flags, driver));
  const drivers = parts.drivers ?? driversOf(settings);
  const selected = selection(
    only,
    [...CHECKS, ...drivers.flatMap(entriesOf)].map(({ id }) => id),
  );
  const inVain = quick && drivers.flatMap(entriesOf).find(({ id }) => selected.names(id));
  if (inVain) throw new BerthError('bad-usage', `${inVain.id} starts sessions, which --quick leaves out`);
  const answers = await askDrivers(drivers, settings, signal);
  const context = openContext(settings, answers);
  const missing = {
    docker: isUsable(answers, 'docker') ? undefined : 'Docker cannot be used',
    sandbox: isUsable(answers, 'sandbox') ? undefined : 'sandboxes cannot be used',
    plain: isUsable(answers, 'plain') ? undefined : 'isolation is not switched off',
    manager: settings.managed ? undefined : 'there are no settings of `berth agent`',
  };
  const looks = CHECKS.flatMap(({ id, group, title, needs, find }): Examination[] => {
    const why = needs && missing[needs];
    const examine =
      why === undefined
        ? () => withDeadline(title, CHECK_MS, () => find(context), signal).catch(failed(signal))
        : () => Promise.resolve(yellow(`not known: ${why}`, FIX_OF_NEEDS[needs!]));
    return why === undefined || selected.names(id) ? [{ id, group, title, examine }] : [];
  });
  const wards: Ward[] = [];
  const probes = (quick ? [] : drivers).flatMap((one): Examination[] => {
    const answer = answers.get(one.name)!;
    if (answer instanceof Error) {
      const why = { detail: `not known: ${answer.message}`, fix: answer.fix };
      const finding: Finding = { state: context.needed.has(one.name) ? 'red' : 'yellow', ...why };
      const named = entriesOf(one).filter(({ id }) => selected.names(id));
      return named.map((entry) => ({ ...entry, examine: () => Promise.resolve(finding) }));
    }
    const ward = new Ward(one.name, answer.missing ?? [], () => Bench.open({ settings, ...parts, driver: one }), signal);
    wards.push(ward);
    return PROBES.map((probe) => ward.examination(probe));
  });
  return {
    examinations: [...looks, ...probes].filter(({ id }) => selected.wants(id)),
    async close() {
      const closed = await Promise.allSettled([context.close(), ...wards.map((ward) => ward.close())]);
      for (const one of closed) if (one.status === 'rejected') throw toBerthError(one.reason);
    },
  };
}

const FIX_OF_NEEDS = {
  docker: 'See docker.engine.',
  sandbox: 'See sandbox.bubblewrap.',
  plain: 'Give `--isolation none`, if that is what you want to know.',
  manager: 'Give its options or its file (-f).',
} as const;

const entriesOf = ({ name }: DoctorDriver): CheckEntry[] => PROBES.map((probe) => entryOf(name, probe));

/** Each says whether it can be used; no container is made for that. */
async function askDrivers(
  drivers: readonly DoctorDriver[],
  settings: DoctorSettings,
  signal: AbortSignal | undefined,
): Promise<DriverAnswers> {
  const answers = new Map<string, DriverInfo | BerthError>();
  for (const { name, open } of drivers) {
    try {
      const driver = await open(settings, join(settings.dataDir, 'state'));
      answers.set(name, await withDeadline(name, DRIVER_MS, (inner) => driver.probe(inner), signal));
    } catch (error) {
      signal?.throwIfAborted();
      const late = error instanceof DeadlineError ? new BerthError('driver-unavailable', error.message, { cause: error }) : error;
      answers.set(name, toBerthError(late));
    }
  }
  return answers;
}
