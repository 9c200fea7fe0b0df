/** What carries one run from the node, for as long as it lasts. */
import type { Frame } from '@berth/wire';

export interface Connection {
  /** Frames as they come. Throws when the connection ends: `node-lost`, or `internal` when the node refused what was sent. */
  frames(): AsyncIterable<readonly Frame[]>;
  /** Sends while the connection lasts; else the next one will. */
  send(type: number, seq: number, payload?: Uint8Array): void;
  /** Takes leave of the run, with all records up to `consumed` confirmed (0: none). */
  close(consumed: number): void;
}
