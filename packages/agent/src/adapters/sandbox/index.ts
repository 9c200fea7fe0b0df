/** The driver on bubblewrap. */
export { SandboxDriver, type SandboxTarget } from './driver.js';
