/** What an agent tells of itself every three seconds (seed spec 6). Pure. */
import { compressRaw, pack, type Packable } from '../transport/codec.js';

export interface HeartbeatFacts {
  /** Address that the manager is told; an IP or a name. */
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly memoryBytes: number;
  readonly cores: number;
  /** Schedulable name and image id. */
  readonly images: readonly { readonly name: string; readonly imageId: string }[];
}

/** Milliseconds between heartbeats; the manager takes an agent for lost after 5 s without. */
export const HEARTBEAT_MS = 3000;

/** `addr` and `region` count only at the first contact: the manager keeps what it was told first. */
export function heartbeatInfo({ host, port, region, memoryBytes, cores, images }: HeartbeatFacts): Packable {
  return {
    ip: host,
    region,
    addr: `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`,
    mem_slots: Math.floor(memoryBytes / 2 ** 20),
    cpu_slots: cores,
    // As an agent without accelerators says it.
    gpu_slots: '0.0',
    images: compressRaw(pack(images.map(({ name, imageId }) => [name, imageId]))),
  };
}
