/** The driver on a Docker Engine. */
export { DockerDriver } from './driver.js';
export type { DockerTarget } from './engine.js';
