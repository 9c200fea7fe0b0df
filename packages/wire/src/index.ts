/** The contract of Berth: pure types, tables and encoders; runs in a browser. HTTP routes and schemas are in `@berth/wire/http`. */
export * from './attach-link.js';
export * from './errors.js';
export * from './file-service.js';
export * from './frames.js';
export * from './ids.js';
export * from './kernel-service.js';
export * from './records.js';
export * from './runner-protocol.js';
export * from './services.js';
export * from './spec.js';
export * from './statistics.js';
export * from './views.js';
