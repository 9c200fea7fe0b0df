/** Drivers whose promises are probed, each if it can be used on this machine. */
import { join } from 'node:path';
import type { Driver, Isolation } from '../../ports/driver.js';
import type { DoctorSettings } from './settings.js';

export interface DoctorDriver {
  /** Begins the ids of its probes. */
  readonly name: string;
  /** `state`: directory for what it must remember; nothing is written before it makes a container. */
  open(settings: DoctorSettings, state: string): Promise<Driver>;
}

const sandboxes =
  (isolation: Isolation): DoctorDriver['open'] =>
  async ({ dataDir, scratchRoot, bubblewrap }, state) => {
    const { SandboxDriver } = await import('../../adapters/sandbox/index.js');
    return new SandboxDriver({
      directory: join(state, 'sandboxes'),
      secrets: [state, dataDir, scratchRoot],
      isolation,
      ...(bubblewrap === undefined ? {} : { programs: [bubblewrap] }),
    });
  };

/** Used only by who asks for it. */
const PLAIN: DoctorDriver = { name: 'plain', open: sandboxes('none') };

const DRIVERS: readonly DoctorDriver[] = [
  {
    name: 'docker',
    async open({ docker }) {
      const { DockerDriver } = await import('../../adapters/docker/index.js');
      return new DockerDriver(docker);
    },
  },
  { name: 'sandbox', open: sandboxes('sandboxed') },
];

/** Those that this node could use. */
export const driversOf = ({ driver }: Pick<DoctorSettings, 'driver'>): readonly DoctorDriver[] =>
  driver === PLAIN.name ? [...DRIVERS, PLAIN] : DRIVERS;
