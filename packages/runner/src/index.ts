/** What others may know about the runner without running it. */
export { RUNNER_FLAGS } from './flags.js';
