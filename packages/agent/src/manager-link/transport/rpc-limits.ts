import { type OutboxLimits } from './reply-outbox.js';

export interface RpcLimits extends OutboxLimits {
  /** Bytes of one request. ZeroMQ cuts the connection of who sends a longer frame. */
  readonly messageBytes: number;
  /** Calls under way; further ones are answered by an error. */
  readonly callsInFlight: number;
  /** Bytes of the requests under way; while there are as many, further ones are answered by an error. */
  readonly bytesInFlight: number;
  /** Requests of one peer that ZeroMQ keeps before we read them; then the peer waits. */
  readonly requestsPerPeer: number;
  /** Replies that ZeroMQ keeps for one peer that does not read them. */
  readonly repliesPerPeer: number;
  /** Milliseconds that `stop` waits for calls under way. */
  readonly stopMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_RPC_LIMITS: RpcLimits = {
  messageBytes: 64 * MIB,
  callsInFlight: 1000,
  bytesInFlight: 256 * MIB,
  requestsPerPeer: 200,
  repliesPerPeer: 200,
  holdMs: 5_000,
  heldPerPeer: 200,
  heldBytes: 128 * MIB,
  stopMs: 3_000,
};
