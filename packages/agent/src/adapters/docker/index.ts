/** The driver on a Docker Engine. */
export { DockerDriver } from './driver.js';
export { API_VERSION, type DockerTarget } from './engine.js';
export { engineFacts, type EngineFacts } from './engine-facts.js';
