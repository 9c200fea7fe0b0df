/** What checks may ask; each answer is asked for once. */
import type { EngineFacts } from '../../adapters/docker/index.js';
import type { BerthError } from '@berth/wire';
import type { Coordinator } from '../../ports/coordinator.js';
import type { DriverInfo } from '../../ports/driver.js';
import { coordinatorOptions, openCoordinator } from '../etcd.js';
import type { DoctorSettings } from './settings.js';

export type DriverAnswers = ReadonlyMap<string, DriverInfo | BerthError>;

export interface DoctorContext {
  readonly settings: DoctorSettings;
  /** User id of this process. */
  readonly uid: number;
  /** What each driver said of itself, or why it cannot be used. */
  readonly drivers: DriverAnswers;
  /** Drivers without which this node starts no session. */
  readonly needed: ReadonlySet<string>;
  /** Errors: `driver-*`, `timeout`. */
  engine(): Promise<EngineFacts>;
  /** Errors: `coordinator-*`, `file-unreadable`. Only for a node under a manager. */
  coordinator(): Promise<Coordinator>;
}

/** True when containers can be made with it. */
export const isUsable = (drivers: DriverAnswers, name: string): boolean =>
  drivers.has(name) && !(drivers.get(name) instanceof Error);

/** The one that is wanted; with `auto` the first that can be used, and each of them while none can. Pure. */
export function neededDrivers(wanted: string, drivers: DriverAnswers): ReadonlySet<string> {
  if (wanted !== 'auto') return new Set([wanted]);
  const first = [...drivers.keys()].find((name) => isUsable(drivers, name));
  return new Set(first === undefined ? drivers.keys() : [first]);
}

export interface OpenContext extends DoctorContext {
  close(): Promise<void>;
}

export function openContext(settings: DoctorSettings, drivers: DriverAnswers): OpenContext {
  let engine: Promise<EngineFacts> | undefined;
  let coordinator: Promise<Coordinator> | undefined;
  return {
    settings,
    uid: process.getuid!(),
    drivers,
    needed: neededDrivers(settings.driver, drivers),
    engine: () => (engine ??= askEngine(settings)),
    coordinator: () => (coordinator ??= askCoordinator(settings)),
    async close() {
      const opened = await coordinator?.catch(() => undefined);
      await opened?.close();
    },
  };
}

async function askEngine({ docker }: DoctorSettings): Promise<EngineFacts> {
  const { engineFacts } = await import('../../adapters/docker/index.js');
  return engineFacts(docker);
}

async function askCoordinator({ managed }: DoctorSettings): Promise<Coordinator> {
  const coordinator = await openCoordinator(coordinatorOptions(managed!));
  try {
    await coordinator.probe();
    return coordinator;
  } catch (error) {
    await coordinator.close();
    throw error;
  }
}
