/** A bucket of a test's own in the real S3-compatible store, and what others see of it. */
import { createHash, randomUUID } from 'node:crypto';
import { CreateBucketCommand, GetObjectAclCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY } from '../../scripts/services/s3.mjs';
import type { TestServer } from './services.js';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

export const S3_KEYS = { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY };
export { S3_REGION };

export class TestBucket {
  readonly name: string;
  readonly #client: S3Client;

  private constructor(name: string, client: S3Client) {
    this.name = name;
    this.#client = client;
  }

  static async make(server: TestServer): Promise<TestBucket> {
    const client = new S3Client({
      endpoint: `http://${server.address}`,
      region: S3_REGION,
      forcePathStyle: true,
      credentials: S3_KEYS,
    });
    const bucket = new TestBucket(`test-${randomUUID()}`, client);
    await client.send(new CreateBucketCommand({ Bucket: bucket.name }));
    return bucket;
  }

  /** Keys that are there. */
  async keys(): Promise<string[]> {
    const { Contents } = await this.#client.send(new ListObjectsV2Command({ Bucket: this.name }));
    return (Contents ?? []).map(({ Key }) => Key!).sort();
  }

  /** Who may read an object beside its owner. */
  async readers(key: string): Promise<string[]> {
    const { Grants } = await this.#client.send(new GetObjectAclCommand({ Bucket: this.name, Key: key }));
    return (Grants ?? []).flatMap(({ Grantee, Permission }) => (Grantee?.URI ? [`${Grantee.URI} ${Permission}`] : []));
  }

  close(): void {
    this.#client.destroy();
  }
}

export interface Fetched {
  readonly status: number;
  readonly type: string | null;
  /** The sum that was put with it. */
  readonly metadata: string | null;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** What anybody gets who follows a link. */
export async function follow(link: string): Promise<Fetched> {
  const answer = await fetch(link);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const [type, metadata] = ['content-type', 'x-amz-meta-sha256'].map((name) => answer.headers.get(name)) as [
    string | null,
    string | null,
  ];
  return { status: answer.status, type, metadata, bytes, sha256: sha256(bytes) };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
