/** What commands need of the agent's configuration; loaded when one of them is asked for. */
export { flagOptions, VARIABLES_ONLY, type FlagOption } from './options.js';
export { loadAgentSettings, readSources } from './load.js';
export { checkAgentSettings, withEtcd } from './resolve.js';
export { sampleFile, writeSampleFile } from './sample-file.js';
export { shownSettings, type ShownSetting } from './shown.js';
