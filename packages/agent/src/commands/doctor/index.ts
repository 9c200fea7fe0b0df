/**
 * `berth doctor`: what this machine should have for a node, and whether what we promise of sessions holds on it. Looks and probes are
 * made one after another by who asks, so that each can be told as it comes.
 */
import { join } from 'node:path';
import { DeadlineError, withDeadline } from '@berth/base';
import { toBerthError, type BerthError, type KernelService } from '@berth/wire';
import type { Flags } from '../../config/agent-settings.js';
import type { DriverInfo } from '../../ports/driver.js';
import { Bench } from './bench.js';
import { isUsable, openContext, type DriverAnswers } from './context.js';
import { DRIVERS, type DoctorDriver } from './drivers.js';
import { red, yellow, type CheckEntry, type Finding } from './finding.js';
import { PROBES, type Probe } from './probes/index.js';
import { selection } from './select.js';
import { doctorSettings, type DoctorSettings } from './settings.js';
import { CHECKS } from './table.js';

export { GROUPS, type CheckEntry, type Finding, type Group, type State } from './finding.js';

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

/** A check that waits to be made. */
export interface Examination extends CheckEntry {
  /** Never rejects, unless with the reason of the signal: a look that fails is a finding. */
  examine(): Promise<Finding>;
}

export interface Doctor {
  readonly examinations: readonly Examination[];
  /** Ends all sessions of probes, and leaves nothing. */
  close(): Promise<void>;
}

const CHECK_MS = 30_000;
/** Start and end of a session on a slow machine are in it. */
const PROBE_MS = 60_000;
const DRIVER_MS = 5_000;

/** Errors: `bad-usage` for flags and unknown ids; `bad-config`, `file-unreadable`. */
export async function openDoctor({ flags, quick, driver, only, signal, parts = {} }: DoctorOptions): Promise<Doctor> {
  const drivers = parts.drivers ?? DRIVERS;
  const wanted = selection(
    only,
    [...CHECKS, ...drivers.flatMap(entriesOf)].map(({ id }) => id),
  );
  const settings = parts.settings ?? (await doctorSettings(flags, driver));
  const answers = await askDrivers(drivers, settings, signal);
  const context = openContext(settings, answers);
  const has = {
    docker: isUsable(answers, 'docker'),
    sandbox: isUsable(answers, 'sandbox'),
    manager: settings.managed !== undefined,
  };
  const looks = CHECKS.filter(({ needs }) => needs === undefined || has[needs]).map(({ id, group, title, find }): Examination => {
    return { id, group, title, examine: () => withDeadline(title, CHECK_MS, () => find(context), signal).catch(failed(signal)) };
  });
  const wards = drivers.flatMap((one) => {
    const answer = answers.get(one.name);
    if (answer === undefined || answer instanceof Error) return [];
    return [new Ward(one.name, answer.missing ?? [], () => Bench.open({ settings, ...parts, driver: one }), signal)];
  });
  const probes = quick ? [] : wards.flatMap((ward) => PROBES.map((probe) => ward.examination(probe)));
  return {
    examinations: [...looks, ...probes].filter(({ id }) => wanted(id)),
    async close() {
      await Promise.allSettled([context.close(), ...wards.map((ward) => ward.close())]);
    },
  };
}

const entryOf = (driver: string, { id, title }: Probe): CheckEntry => ({
  id: `${driver}.${id}`,
  group: 'limits',
  title,
});

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
      answers.set(name, toBerthError(error));
    }
  }
  return answers;
}

/** The probes of one driver: they share a node, and each has a session of its own. */
class Ward {
  readonly #driver: string;
  readonly #missing: readonly string[];
  readonly #open: () => Promise<Bench>;
  readonly #signal: AbortSignal | undefined;
  #bench: Promise<Bench> | undefined;
  #worked = false;
  #broken = false;

  /** @param missing what the driver says that it cannot limit here */
  constructor(driver: string, missing: readonly string[], open: () => Promise<Bench>, signal: AbortSignal | undefined) {
    this.#driver = driver;
    this.#missing = missing;
    this.#open = open;
    this.#signal = signal;
  }

  examination(probe: Probe): Examination {
    const entry = entryOf(this.#driver, probe);
    return { ...entry, examine: () => this.#examine(entry, probe) };
  }

  async close(): Promise<void> {
    // A bench that could not be opened has left nothing.
    const bench = await this.#bench?.catch(() => undefined);
    await bench?.close();
  }

  #excused({ missing }: Probe, finding: Finding): Finding {
    const said = finding.state === 'green' ? undefined : this.#missing.find((sentence) => missing?.test(sentence));
    return said === undefined ? finding : yellow(`${finding.detail}. ${said}`, `See ${this.#driver}.limits.`);
  }

  async #examine(entry: CheckEntry, probe: Probe): Promise<Finding> {
    if (this.#broken) return yellow('not known, as no session could be started', 'Do first what the first of these probes says.');
    try {
      const finding = await withDeadline(
        entry.title,
        PROBE_MS,
        async (signal) => probe.run(await (this.#bench ??= this.#open()), signal),
        this.#signal,
      );
      this.#worked = true;
      return this.#excused(probe, finding);
    } catch (error) {
      // Otherwise each of them would wait for the same, and tell the same.
      this.#broken = !this.#worked;
      return failed(this.#signal)(error);
    }
  }
}

/** What went wrong, as a finding: a promise that could not be looked at is not kept. */
const failed =
  (signal: AbortSignal | undefined) =>
  (error: unknown): Finding => {
    signal?.throwIfAborted();
    if (error instanceof DeadlineError)
      return red(`it took longer than ${error.ms / 1000} s`, 'Try again; if it stays so, look at the load of the machine.');
    const { message, fix } = toBerthError(error);
    return red(message, fix);
  };
