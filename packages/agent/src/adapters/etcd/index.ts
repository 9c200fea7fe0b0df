/** The coordinator on etcd. */
export { EtcdCoordinator } from './coordinator.js';
export type { EtcdOptions, EtcdTls } from './connection.js';
