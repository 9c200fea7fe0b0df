/** The host side of the carry: the copy of Node, its libraries and our runner that is mounted into every kernel. */
export { collectCarries, DEFAULT_GRACE_MS } from './cache.js';
export { carryCommand } from './command.js';
export { ensureCarry, hostsFile, type Carry, type CarryOptions } from './ensure.js';
export type { NodeSource } from './parts.js';
