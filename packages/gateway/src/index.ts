/** The native HTTP and WebSocket front of a node: wire's route table served over a KernelService. */
export { startGateway, type Gateway, type GatewayOptions } from './gateway.js';
export type { NodeControl } from './http/handlers.js';
