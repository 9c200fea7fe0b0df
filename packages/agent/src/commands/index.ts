/** The node's own commands. Light to load: what makes an agent is imported only when one is started. */
import type { NodeSettings } from '../config/settings.js';

export { dataDirectory, readSettings, parseListen, type NodeSettings } from '../config/settings.js';
export type { Flags, ResolvedSettings } from '../config/agent-settings.js';
export { serveAgent } from './agent.js';
export type { RunningAgent } from './running-agent.js';
export {
  openImages,
  readRegistered,
  registeredOptions,
  registeredTarget,
  type ImageView,
  type Images,
  type PullTarget,
} from './images.js';
export { dataLayout, type DataLayout, type NodeFile } from './data-directory.js';
export { startDetached, type DetachedOptions } from './detached.js';
export { locateNode, type Located } from './locate.js';
export { untilUnlocked } from './lock.js';
export { serve } from './serve.js';
/** Its table of settings is only loaded for those commands that have them. */
export const agentConfig = () => import('../config/agent-config.js');
/** What `berth etcd` does. */
export const etcdTools = () => import('./etcd-tools.js');
/** `berth doctor`. It is large, as it brings an agent along. */
export const doctor = () => import('./doctor/index.js');
/** Brings a driver along, which few need. */
export const trySandbox = async (settings: Pick<NodeSettings, 'bubblewrap'>) =>
  (await import('./try-sandbox.js')).trySandbox(settings);
export { VERSION } from './version.js';
