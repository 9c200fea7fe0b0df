/** Building blocks without domain words. */
export * from './backoff.js';
export * from './cleanup.js';
export * from './clock.js';
export * from './deadline.js';
export * from './frame-decoder.js';
export * from './journal-file.js';
export * from './mailbox.js';
export * from './nofollow.js';
export * from './queue.js';
export * from './suggest.js';
export * from './tasks.js';
export * from './transitions.js';
export * from './walk.js';
