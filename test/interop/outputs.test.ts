/** Files of .output on their way to a real object store that checks signatures, as a manager 1.4 and its users see it. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { until } from '../../packages/agent/testing/coordinator-suite.js';
import { FaultProxy } from '../../packages/agent/testing/fault-proxy.js';
import { announceManager, ManagedAgent } from '../support/managed-agent.js';
import { describeWithManager, freshNamespace } from '../support/manager-world.js';
import { kernelConfig, Manager, type Executed } from '../support/manager.js';
import { ManagerSide } from '../support/python.js';
import { follow, S3_KEYS, S3_REGION, sha256, TestBucket } from '../support/s3.js';
import { describeWithS3 } from '../support/services.js';

const LIMIT = 104_857_600;

describeWithManager('outputs', ({ docker, etcd, python }) => {
  describeWithS3('into an object store', (s3) => {
    const images = { 'python:3.6-debian': docker.images.debian };
    const namespace = freshNamespace();
    let side: ManagerSide;
    let manager: Manager;
    let bucket: TestBucket;
    let proxy: FaultProxy;
    let agent: ManagedAgent;
    const kernels = new Set<string>();

    beforeAll(async () => {
      bucket = await TestBucket.make(s3);
      proxy = await FaultProxy.start(s3);
      side = await ManagerSide.start(python);
      agent = await ManagedAgent.start({ docker, etcd: etcd.address, namespace, images, env: variables() });
      manager = new Manager(side, agent.address);
      await announceManager(etcd.address, namespace, { eventAddress: await manager.listen() });
    }, 60_000);
    afterEach(async () => {
      proxy.resume();
      for (const id of kernels) await manager.ending('destroy_kernel', id);
      kernels.clear();
    });
    afterAll(async () => {
      await agent?.dispose();
      await side?.stop();
      await proxy?.close();
      bucket?.close();
    });

    const variables = (change: Readonly<Record<string, string>> = {}): Record<string, string> => ({
      AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
      AWS_REGION: S3_REGION,
      AWS_S3_BUCKET: bucket.name,
      AWS_S3_BUCKET_PATH: '/out+puts/ü/',
      AWS_S3_ENDPOINT: `http://${proxy.address}`,
      AWS_S3_PATH_STYLE: 'true',
      ...change,
    });
    const kernel = async (by = manager): Promise<string> => {
      const id = randomUUID();
      await by.create(id, kernelConfig('python:3.6-debian'));
      if (by === manager) kernels.add(id);
      return id;
    };
    const run = async (id: string, code: string, by = manager): Promise<Executed> => {
      const prelude = 'import os\nos.makedirs(".output/dir", exist_ok=True)\nos.chdir(".output")\n';
      const { last } = await by.run(id, randomUUID().slice(0, 8), 'query', `${prelude}${code}\nos.chdir("..")`);
      expect(last.exitCode).toBe(0);
      return last;
    };
    const write = (name: string, text: string): string => `open(${JSON.stringify(name)}, "w").write(${JSON.stringify(text)})`;
    const names = ({ files }: Executed): string[] => files.map(({ name }) => name);
    /** Through the real store, whatever the way to it is like. */
    const got = (link: string) => follow(link);
    const arrives = (link: string) => until(async () => (await got(link)).status === 200);

    it('are there when the manager is told, under signed addresses, whatever they are called', { timeout: 60_000 }, async () => {
      const id = await kernel();
      const odd = ['a b.txt', 'dir/größe.csv', '100%+1.txt', 'line\nbreak', 'q?x=1&y#z', "it's(1)*!~.png"];
      const more = [
        'open(".hidden", "w").write("x")',
        'os.symlink("/etc/passwd", "outside")',
        'os.symlink("/etc", "dir/outside")',
        'os.mkfifo("fifo")',
      ];
      const last = await run(id, [...odd.map((name) => write(name, `text of ${name}`)), ...more].join('\n'));
      expect(names(last)).toEqual([...odd].sort());
      for (const { name, url } of last.files) {
        expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/test-[^/]+\/out%2Bputs\/%C3%BC\/[^/]+\/[^\s]+\?X-Amz-Algorithm=/);
        const { status, bytes } = await got(url);
        expect([status, bytes.toString()]).toEqual([200, `text of ${name}`]);
        expect((await got(url.replace(/\?.*/, ''))).status).not.toBe(200);
      }
      const types = await Promise.all(last.files.map(async ({ name, url }) => [name, (await got(url)).type] as const));
      expect(new Map(types).get('dir/größe.csv')).toBe('text/csv; charset=utf-8');
      expect(new Map(types).get("it's(1)*!~.png")).toBe('image/png');
      expect(await bucket.keys()).toEqual(odd.map((name) => `out+puts/ü/${id}/${name}`).sort());
    });

    it('are those that are new or have changed, run by run', { timeout: 60_000 }, async () => {
      const id = await kernel();
      expect(names(await run(id, `${write('same', '1')}\n${write('changed', '1')}`))).toEqual(['changed', 'same']);
      const second = await run(id, `${write('changed', '2')}\n${write('new', '2')}`);
      expect(names(second)).toEqual(['changed', 'new']);
      expect((await got(second.files[0]!.url)).bytes.toString()).toBe('2');
      expect(names(await run(id, 'pass'))).toEqual([]);
    });

    it('are taken up to 104,857,600 bytes, and not with one more', { timeout: 120_000 }, async () => {
      const id = await kernel();
      const sized = (name: string, size: number) => `f = open("${name}", "wb"); f.seek(${size} - 3); f.write(b"end"); f.close()`;
      const before = await memory(agent.pid, 'VmRSS');
      const last = await run(id, `${sized('whole', LIMIT)}\n${sized('too-large', LIMIT + 1)}`);
      expect(names(last)).toEqual(['whole']);
      await arrives(last.files[0]!.url);
      expect((await memory(agent.pid, 'VmHWM')) - before).toBeLessThan(64 * 2 ** 20);
      const { bytes, sha256: sum } = await got(last.files[0]!.url);
      expect(bytes.length).toBe(LIMIT);
      const wanted = Buffer.alloc(LIMIT);
      wanted.write('end', LIMIT - 3);
      expect(sum).toBe(sha256(wanted));
    });

    it('are told of at once while the store is away, and are there when it is back', { timeout: 90_000 }, async () => {
      const id = await kernel();
      proxy.refuse();
      const began = Date.now();
      const last = await run(id, [1, 2, 3, 4].map((n) => write(`f${n}`, 'x'.repeat(n * 100_000))).join('\n'));
      expect(Date.now() - began).toBeLessThan(6_000);
      expect(names(last)).toEqual(['f1', 'f2', 'f3', 'f4']);
      const links = last.files.map(({ url }) => url.replace(proxy.address, s3.address));
      // The signature covers the host, so only the told address is good.
      expect((await got(links[0]!)).status).toBe(403);
      proxy.resume();
      for (const { url } of last.files) await arrives(url);
      for (const [i, { url }] of last.files.entries())
        expect((await got(url)).sha256).toBe(sha256(Buffer.alloc((i + 1) * 100_000, 'x')));
      expect(agent.log.match(/object store cannot be used/g)!.length).toBeLessThanOrEqual(2);
      expect(agent.log).toContain('the object store takes output files again');
    });

    it(
      'keep nobody waiting when the network swallows them, and do not keep the agent from stopping',
      { timeout: 90_000 },
      async () => {
        const id = await kernel();
        await run(id, 'pass');
        proxy.stall();
        const began = Date.now();
        const { files } = await run(id, [1, 2, 3, 4, 5].map((n) => write(`f${n}`, `${n}`)).join('\n'));
        expect(Date.now() - began).toBeLessThan(6_000);
        const stopped = Date.now();
        expect(await agent.term()).toBe(0);
        expect(Date.now() - stopped).toBeLessThan(5_000);
        proxy.resume();
        await agent.up();
        for (const { url } of files) await arrives(url);
      },
    );

    it('outlive kill -9 of the agent and the end of their kernel', { timeout: 120_000 }, async () => {
      const killed = await kernel();
      const ended = await kernel();
      proxy.refuse();
      const [one, two] = [await run(killed, write('one', 'of the killed')), await run(ended, write('two', 'of the ended'))];
      await manager.call('destroy_kernel', ended);
      await manager.terminated(ended);
      kernels.delete(ended);
      expect(await readdir(agent.scratchRoot)).not.toContain(ended);
      await agent.kill9();
      await agent.up();
      // Still away in the next life, at first.
      await until(() => Promise.resolve(agent.log.includes('of an earlier life wait for the object store')));
      proxy.resume();
      for (const { files } of [one, two]) await arrives(files[0]!.url);
      expect((await got(one.files[0]!.url)).bytes.toString()).toBe('of the killed');
      expect((await got(two.files[0]!.url)).bytes.toString()).toBe('of the ended');
      await until(async () => (await readdir(join(agent.scratchRoot, '.berth-outbox'))).length === 0);
    });

    it('wait while the secret is wrong, and arrive when it is corrected', { timeout: 120_000 }, async () => {
      const own = freshNamespace();
      const env = Object.fromEntries(Object.keys(variables()).map((name) => [name, '']));
      const wrong = await ManagedAgent.start({ docker, etcd: etcd.address, namespace: own, images, env });
      const other = new Manager(side, wrong.address);
      try {
        await announceManager(etcd.address, own, { eventAddress: await other.listen() });
        // Empty variables are none: without keys there is no store, and one line says so.
        const id = await kernel(other);
        for (const name of ['first', 'second'])
          expect((await run(id, write(name, 'x'), other)).files).toEqual([{ name, url: '#dummy-upload' }]);
        expect(wrong.log.match(/there is no object store/g)).toHaveLength(1);

        await wrong.kill9();
        const config = join(wrong.directory, 'berth.toml');
        const before = await readFile(config, 'utf8');
        const section = (secret: string): string =>
          `${before}\n[s3]\naccess-key = "${S3_KEYS.accessKeyId}"\nsecret-key = "${secret}"\nregion = "${S3_REGION}"\n` +
          `bucket = "${bucket.name}"\nendpoint = "http://${s3.address}"\n`;
        await writeFile(config, section('not-the-secret'));
        await wrong.up();
        await until(() => Promise.resolve(/does not let us in: SignatureDoesNotMatch/.test(wrong.log)));
        const { files } = await run(id, write('third', 'kept'), other);
        expect(files.map(({ name }) => name)).toEqual(['third']);
        expect(wrong.log).not.toContain('not-the-secret');

        await wrong.term();
        await writeFile(config, section(S3_KEYS.secretAccessKey));
        await wrong.up();
        await until(async () => (await bucket.keys()).includes(`bucket/${id}/third`));
      } finally {
        await wrong.dispose();
        await other.deafen();
      }
    });

    it.each([
      ['a placeholder', { AWS_SECRET_ACCESS_KEY: '{S3SEKEY}' }, /AWS_SECRET_ACCESS_KEY/],
      ['no bucket', { AWS_S3_BUCKET: '' }, /no bucket/],
    ])('are refused before anything is started, with %s', { timeout: 30_000 }, async (_, change, says) => {
      const start = ManagedAgent.start({
        docker,
        etcd: etcd.address,
        namespace: freshNamespace(),
        images,
        env: variables(change),
      });
      await expect(start).rejects.toThrow(says);
    });
  });
});

/** Bytes, as /proc has them: `VmRSS` now, `VmHWM` at most ever. */
async function memory(pid: number, what: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(status)![1]) * 1024;
}
