/** The object store on a real S3-compatible service that checks signatures. */
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWithS3 } from '../../../test/support/services.js';
import { follow, S3_KEYS, S3_REGION, TestBucket } from '../../../test/support/s3.js';
import { S3ObjectStore, type S3Options } from '../src/adapters/s3/index.js';
import { FaultProxy } from './fault-proxy.js';
import { object, objectStoreConformance } from './object-store-suite.js';

describeWithS3('the object store on S3', (server) => {
  const never = new AbortController().signal;
  const options = (bucket: string, change: Partial<S3Options> = {}): S3Options => ({
    ...S3_KEYS,
    ...{ bucket, region: S3_REGION, endpoint: `http://${server.address}`, pathStyle: true, publicRead: false },
    ...change,
  });
  const withBucket = async (fn: (bucket: TestBucket) => Promise<void>): Promise<void> => {
    const bucket = await TestBucket.make(server);
    try {
      await fn(bucket);
    } finally {
      bucket.close();
    }
  };

  objectStoreConformance('S3', async () => {
    const bucket = await TestBucket.make(server);
    const proxy = await FaultProxy.start(server);
    const endpoint = `http://${proxy.address}`;
    const store = new S3ObjectStore(options(bucket.name, { endpoint }));
    const stranger = new S3ObjectStore(options(bucket.name, { endpoint, secretAccessKey: 'not-the-secret' }));
    return {
      store,
      stranger,
      fetch: async (address) => {
        const { status, bytes, type, metadata } = await follow(address);
        return status === 200 ? { bytes, contentType: type!, sha256: metadata ?? undefined } : undefined;
      },
      keys: () => bucket.keys(),
      goAway: () => proxy.refuse(),
      comeBack: () => proxy.resume(),
      dispose: async () => {
        store.close();
        stranger.close();
        bucket.close();
        await proxy.close();
      },
    };
  });

  it('keeps objects private: only the signed address shows them, and only as it was signed', async () => {
    await withBucket(async ({ name }) => {
      const store = new S3ObjectStore(options(name));
      for (const key of ['mine', 'other']) await store.put(object(key, [Buffer.from(key)]), never);
      const link = store.address('mine');
      expect((await follow(link)).bytes.toString()).toBe('mine');
      expect((await follow(link.replace(/\?.*/, ''))).status).not.toBe(200);
      expect((await follow(link.replace('/mine?', '/other?'))).status).toBe(403);
      expect((await follow(link.replace('X-Amz-Expires=604800', 'X-Amz-Expires=604799'))).status).toBe(403);
      store.close();
    });
  });

  it('gives links that end after seven days', async () => {
    await withBucket(async ({ name }) => {
      const at = (age: number) =>
        new S3ObjectStore(options(name, { clock: { now: () => Date.now() - age } as S3Options['clock'] & object }));
      const store = at(0);
      await store.put(object('x', [Buffer.from('x')]), never);
      const day = 24 * 3600 * 1000;
      expect((await follow(at(7 * day - 60_000).address('x'))).status).toBe(200);
      expect((await follow(at(7 * day + 60_000).address('x'))).status).toBe(403);
      store.close();
    });
  });

  it('lets anybody read when that was asked for, under plain addresses', async () => {
    await withBucket(async (bucket) => {
      const store = new S3ObjectStore(options(bucket.name, { publicRead: true }));
      await store.put(object('a b', [Buffer.from('x')]), never);
      await store.put(object('large', [Buffer.alloc(6 * 2 ** 20)]), never);
      expect(store.address('a b')).toBe(`http://${server.address}/${bucket.name}/a%20b`);
      const everybody = ['http://acs.amazonaws.com/groups/global/AllUsers READ'];
      expect(await bucket.readers('a b')).toEqual(everybody);
      expect(await bucket.readers('large')).toEqual(everybody);
      store.close();
      const quiet = new S3ObjectStore(options(bucket.name));
      await quiet.put(object('private', [Buffer.from('x')]), never);
      expect(await bucket.readers('private')).toEqual([]);
      quiet.close();
    });
  });

  it('says which bucket is missing', async () => {
    const store = new S3ObjectStore(options('no-such-bucket'));
    const missing = { code: 'store-unavailable', message: expect.stringContaining('no-such-bucket') as string };
    await expect(store.put(object('x', []), never)).rejects.toMatchObject(missing);
    await expect(store.probe(never)).rejects.toMatchObject(missing);
    store.close();
  });

  it('uses what it was given and nothing that lies about', async () => {
    const home = await mkdtemp(join(tmpdir(), 'berth-home-'));
    const lying = {
      AWS_ACCESS_KEY_ID: 'wrong',
      AWS_SECRET_ACCESS_KEY: 'wrong',
      AWS_SESSION_TOKEN: 'wrong',
      AWS_PROFILE: 'missing',
      AWS_REGION: 'xx',
    };
    const more = {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
      AWS_CONFIG_FILE: join(home, 'config'),
    };
    const before = { ...process.env };
    await writeFile(
      join(home, 'config'),
      '[default]\nregion = yy\nendpoint_url = http://127.0.0.1:1\nrequest_checksum_calculation = when_supported\n',
    );
    Object.assign(process.env, lying, more, { HOME: home });
    try {
      await withBucket(async ({ name }) => {
        const store = new S3ObjectStore(options(name));
        await store.put(object('x', [Buffer.from('x')]), never);
        expect((await follow(store.address('x'))).bytes.toString()).toBe('x');
        store.close();
      });
    } finally {
      for (const name of [...Object.keys({ ...lying, ...more }), 'HOME']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      await rm(home, { recursive: true });
    }
  });

  it('holds a few MiB of a file in memory, not the file', { timeout: 120_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'berth-sparse-'));
    const size = 200 * 2 ** 20;
    try {
      const file = await open(join(directory, 'sparse'), 'w+');
      await file.truncate(size);
      await file.write(Buffer.from('end'), 0, 3, size - 3);
      await withBucket(async ({ name }) => {
        const store = new S3ObjectStore(options(name));
        await store.put(object('warm', [Buffer.alloc(2 ** 20)]), never);
        const before = process.memoryUsage().rss;
        let most = before;
        const content = async function* () {
          for (let at = 0; at < size; at += 2 ** 18) {
            most = Math.max(most, process.memoryUsage().rss);
            yield (await file.read(Buffer.allocUnsafe(2 ** 18), 0, 2 ** 18, at)).buffer;
          }
        };
        await store.put({ key: 'sparse', contentType: 'x/y', size, content: content() }, never);
        expect(most - before).toBeLessThan(64 * 2 ** 20);
        const hash = createHash('sha256');
        let got = 0;
        for await (const chunk of (await fetch(store.address('sparse'))).body!) {
          got += chunk.length;
          hash.update(chunk);
        }
        const wanted = createHash('sha256')
          .update(Buffer.alloc(size - 3))
          .update('end')
          .digest('hex');
        expect([got, hash.digest('hex')]).toEqual([size, wanted]);
        store.close();
      });
      await file.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
