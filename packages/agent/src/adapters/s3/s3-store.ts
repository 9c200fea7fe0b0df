/** The object store on S3, and on services that are compatible with it. */
import type { S3Client } from '@aws-sdk/client-s3';
import { systemClock, withDeadline, type Clock } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { ObjectStore, ObjectToPut } from '../../ports/object-store.js';
import { objectUrl, serviceOf, type BucketPlace } from './address.js';
import { openClient, type Keys } from './client.js';
import { isDenied, s3Error } from './errors.js';
import { LONGEST_LINK_SECONDS, signedLink } from './sign-link.js';

export interface S3Options extends BucketPlace, Keys {
  /** Anybody may read what is put, under plain addresses. Otherwise addresses are signed, and valid for seven days. */
  readonly publicRead: boolean;
  readonly clock?: Clock;
}

/** S3's least. One part is in memory at a time, beside what is read for the next. */
const PART_BYTES = 5 * 2 ** 20;
const PROBE_MS = 15_000;
/** Slower than 50 KiB/s, and a minute on top, is no upload that ends. */
const putLimitMs = (bytes: number): number => 60_000 + bytes / 50;

export class S3ObjectStore implements ObjectStore {
  readonly #options: S3Options;
  readonly #clock: Clock;
  #client: Promise<S3Client> | undefined;

  constructor(options: S3Options) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  address(key: string): string {
    const url = objectUrl(this.#options, key);
    return this.#options.publicRead ? url.href : signedLink(url, this.#options, this.#clock.now(), LONGEST_LINK_SECONDS);
  }

  async put(object: ObjectToPut, signal: AbortSignal): Promise<void> {
    await this.#call('an upload', putLimitMs(object.size), signal, async (client, within) => {
      const [{ Upload }, { Readable }] = await Promise.all([import('@aws-sdk/lib-storage'), import('node:stream')]);
      const abortController = new AbortController();
      const abort = (): void => abortController.abort();
      within.addEventListener('abort', abort, { once: true });
      if (within.aborted) abort();
      const upload = new Upload({
        client,
        abortController,
        partSize: PART_BYTES,
        queueSize: 1,
        params: {
          Bucket: this.#options.bucket,
          Key: object.key,
          ContentType: object.contentType,
          ...(object.sha256 !== undefined && { Metadata: { sha256: object.sha256 } }),
          Body: Readable.from(whole(object), { objectMode: false, highWaterMark: 256 * 1024 }),
          ...(this.#options.publicRead && { ACL: 'public-read' as const }),
        },
      });
      try {
        await upload.done();
      } finally {
        within.removeEventListener('abort', abort);
      }
    });
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#call('the object store', PROBE_MS, signal, async (client, abortSignal) => {
      const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
      try {
        await client.send(new ListObjectsV2Command({ Bucket: this.#options.bucket, MaxKeys: 1 }), { abortSignal });
      } catch (error) {
        // A key that may write and not list is a good key.
        if (!isDenied(error)) throw error;
      }
    });
  }

  close(): void {
    void this.#client?.then(
      (client) => client.destroy(),
      () => {},
    );
    this.#client = undefined;
  }

  async #call(
    what: string,
    ms: number,
    signal: AbortSignal,
    fn: (client: S3Client, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    try {
      await withDeadline(
        what,
        ms,
        async (within) => fn(await (this.#client ??= openClient(this.#options, this.#options)), within),
        signal,
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw s3Error(error, { service: serviceOf(this.#options), bucket: this.#options.bucket });
    }
  }
}

/** A file that has become shorter meanwhile must not be put as if it were whole. */
async function* whole({ content, size }: ObjectToPut): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of content) {
    seen += chunk.length;
    yield chunk;
  }
  if (seen !== size) throw new BerthError('bad-request', `${seen} of ${size} bytes could be read`);
}
