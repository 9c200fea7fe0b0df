/** The client of a node: typed calls, files, and attached runs that outlive the node process. */
export { BerthClient, type NodeAddress, type ClientOptions } from './client.js';
export type { AttachOptions, Attachment } from './attach/attachment.js';
export type { LinkedRun, SessionLink } from './attach/session-link.js';
export { whileNodeAway, type Patience } from './patience.js';
