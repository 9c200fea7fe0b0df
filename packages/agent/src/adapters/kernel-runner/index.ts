export { kernelRunnerConnector, type KernelRunnerOptions } from './connector.js';
export type { RunnerAddress } from './sockets.js';
