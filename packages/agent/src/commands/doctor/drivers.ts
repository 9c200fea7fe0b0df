/** Drivers whose promises are probed, each if it can be used on this machine. */
import type { Driver } from '../../ports/driver.js';
import type { DoctorSettings } from './settings.js';

export interface DoctorDriver {
  /** Begins the ids of its probes. */
  readonly name: string;
  open(settings: DoctorSettings): Promise<Driver>;
}

export const DRIVERS: readonly DoctorDriver[] = [
  {
    name: 'docker',
    async open({ docker }) {
      const { DockerDriver } = await import('../../adapters/docker/index.js');
      return new DockerDriver(docker);
    },
  },
];
