/** What one message may cost its reader. */
export interface MsgpackLimits {
  /** Bytes of the whole message. */
  readonly bytes: number;
  /** Arrays and maps within each other. */
  readonly depth: number;
  /** Values in all, keys of maps included. */
  readonly elements: number;
}

/** An upload is twenty files of 1 MiB at most, each a call of its own in manager 1.4; the rest is room. */
export const DEFAULT_MSGPACK_LIMITS: MsgpackLimits = { bytes: 64 * 1024 * 1024, depth: 32, elements: 100_000 };
