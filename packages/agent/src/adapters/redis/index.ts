/** The statistics store on Redis. */
export { RedisStatisticsStore, type RedisOptions } from './statistics-store.js';
