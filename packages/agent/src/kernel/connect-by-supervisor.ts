/** One connector for all kernels: each is reached as its supervisor wants to be. */
import type { Supervisor } from '@berth/wire';
import type { RunnerConnector } from '../ports/channel.js';

export const connectBySupervisor = (connectors: Readonly<Record<Supervisor, RunnerConnector>>): RunnerConnector => ({
  connect: (target, signal) => connectors[target.supervisor].connect(target, signal),
});
