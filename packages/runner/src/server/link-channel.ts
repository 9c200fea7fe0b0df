/** What channels of a connection have in common: they take turns to send. */
import { FRAME_HEADER_BYTES, writeFrameHeader, type Frame } from '@berth/wire';
import type { Block } from '../retention/block.js';

/** Bytes to write, and what holds them until they are written. */
export interface Packet {
  readonly buffers: readonly Uint8Array[];
  readonly bytes: number;
  readonly block: Block | null;
  /** The channel is over with it. */
  readonly last?: true;
}

export interface LinkChannel {
  readonly id: number;
  /** What to send next; undefined when there is nothing, or too much is unconfirmed. */
  take(): Packet | undefined;
  /** The agent has what came before `seq`, in the channel's own numbers. True when nothing more can happen on this channel. */
  confirm(seq: number): boolean;
  /** A frame of the agent's that only this kind of channel knows. */
  receive?(frame: Frame): void;
  close(): void;
}

export function header(type: number, channel: number, seq: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  writeFrameHeader(bytes, 0, type, channel, seq, length);
  return bytes;
}
