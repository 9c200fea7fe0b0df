/** The object store port: where files that users may fetch are put. Adapter: `adapters/s3`; a fake in `testing/`. */

/** One object. It replaces what was there under its key. */
export interface ObjectToPut {
  /** Parts between slashes; 1 to 1024 bytes as UTF-8. */
  readonly key: string;
  /** The bytes, from the first one on; read once, at most a few MiB ahead of what has been sent. */
  readonly content: AsyncIterable<Uint8Array>;
  /** In bytes; what `content` gives. */
  readonly size: number;
  readonly contentType: string;
  /** Hexadecimal, to be kept with the object; undefined where nobody knows it. */
  readonly sha256?: string | undefined;
}

export interface ObjectStore {
  /** Where an object of this key can be fetched from now on, whether or not it is there yet. Asks nobody. */
  address(key: string): string;
  /**
   * Resolves when the object is there as a whole; nothing of it can be seen before. Errors: `store-unavailable`, `store-forbidden`,
   * `bad-request` (this object
   * is refused, others are not), or the signal's reason.
   */
  put(object: ObjectToPut, signal: AbortSignal): Promise<void>;
  /** Resolves when the store answers and knows us. Whether we may write is not asked. Errors: `store-unavailable`, `store-forbidden`. */
  probe(signal: AbortSignal): Promise<void>;
  /** Lets go of connections. */
  close(): void;
}
