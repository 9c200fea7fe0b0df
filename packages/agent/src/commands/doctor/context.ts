/** What checks may ask; each answer is asked for once. */
import type { EngineFacts } from '../../adapters/docker/index.js';
import type { Coordinator } from '../../ports/coordinator.js';
import { coordinatorOptions, openCoordinator } from '../etcd.js';
import type { DoctorSettings } from './settings.js';

export interface DoctorContext {
  readonly settings: DoctorSettings;
  /** User id of this process. */
  readonly uid: number;
  /** Drivers that answered, by name: with none of them nothing can run. */
  readonly usable: ReadonlySet<string>;
  /** Errors: `driver-*`, `timeout`. */
  engine(): Promise<EngineFacts>;
  /** Errors: `coordinator-*`, `file-unreadable`. Only for a node under a manager. */
  coordinator(): Promise<Coordinator>;
}

export interface OpenContext extends DoctorContext {
  close(): Promise<void>;
}

export function openContext(settings: DoctorSettings, usable: ReadonlySet<string>): OpenContext {
  let engine: Promise<EngineFacts> | undefined;
  let coordinator: Promise<Coordinator> | undefined;
  return {
    settings,
    uid: process.getuid!(),
    usable,
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
