/** The HTTP contract: route table and schemas (zod). Kept apart from the core of wire so that the runner does not carry zod. */
export * from './routes.js';
export * from './schemas.js';
