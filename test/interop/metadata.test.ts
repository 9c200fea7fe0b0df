/** The metadata files that a manager 1.4 ships, through the command line into a real etcd, against Python's own idea of them. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpEtcd, etcdctl } from '../support/etcd.js';
import { describeWithEtcd, describeWithPython, required } from '../support/services.js';

const SAMPLES = fileURLToPath(new URL('../../../shared/data/manager-1.4.0/', import.meta.url));
const COMPUTE = fileURLToPath(new URL('metadata_keys.py', import.meta.url));
const BERTH = fileURLToPath(new URL('../../packages/cli/bin/berth.js', import.meta.url));

const FILES = { images: 'image-metadata.yml', aliases: 'image-aliases.yml', volumes: 'volumes.yml' };
type Kind = keyof typeof FILES;

interface Expected {
  readonly keys: Readonly<Record<Kind, Readonly<Record<string, string>>>>;
  readonly resolved: Readonly<Record<string, string | null>>;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describeWithEtcd('metadata of a manager 1.4', ({ address }) => {
  const haveSamples = existsSync(SAMPLES);
  let namespace: string;
  let directory: string;

  beforeEach(async () => {
    namespace = `test-${randomUUID()}`;
    directory = await mkdtemp(join(tmpdir(), 'berth-metadata-'));
  });
  afterEach(async () => {
    await etcdctl(address, 'del', '--prefix', `/sorna/${namespace}/`);
    await rm(directory, { recursive: true });
  });

  /** The program as users run it. */
  const berth = async (...args: string[]): Promise<Ended> => {
    const env = {
      ...process.env,
      BACKEND_ETCD_ADDR: address,
      BACKEND_NAMESPACE: namespace,
      AWS_ACCESS_KEY_ID: 'without a bucket',
    };
    return promisify(execFile)(process.execPath, [BERTH, 'etcd', ...args], { env, maxBuffer: 1 << 26 }).then(
      (done) => ({ code: 0, ...done }),
      (error: unknown) => error as Ended,
    );
  };
  const inEtcd = async (): Promise<Record<string, string>> => {
    const prefix = `/sorna/${namespace}/`;
    return Object.fromEntries([...(await dumpEtcd(address, prefix))].map(([key, value]) => [key.slice(prefix.length), value]));
  };
  const file = async (text: string): Promise<string> => {
    const path = join(directory, 'file.yml');
    await writeFile(path, text);
    return path;
  };

  describeWithPython('as Python sees it', (python) => {
    const withSamples = haveSamples || required ? it : it.skip;
    const expected = async () => JSON.parse((await promisify(execFile)(python, [COMPUTE, SAMPLES])).stdout) as Expected;

    withSamples('all three sample files, key by key; twice; every alias', { timeout: 120_000 }, async () => {
      const { keys, resolved } = await expected();
      for (const kind of ['images', 'aliases', 'volumes'] as const) {
        const before = await inEtcd();
        const dry = await berth(`update-${kind}`, '-f', join(SAMPLES, FILES[kind]), '--dry-run');
        expect(dry).toMatchObject({ code: 0, stderr: '' });
        expect(await inEtcd()).toEqual(before);
        const added = Object.keys(keys[kind]).length;
        expect(dry.stdout).toContain(`${added} added, 0 changed, 0 removed, 0 unchanged; nothing was written (--dry-run)\n`);
        expect(dry.stdout).not.toContain('XXXXXXXXXXXXXXX');
        const done = await berth(`update-${kind}`, '-f', join(SAMPLES, FILES[kind]));
        expect(done).toMatchObject({ code: 0, stdout: dry.stdout.replace('; nothing was written (--dry-run)', '') });
        expect(await inEtcd()).toEqual({ ...before, ...keys[kind] });
      }
      const all = { ...keys.images, ...keys.aliases, ...keys.volumes };
      expect(await inEtcd()).toEqual(all);
      for (const kind of ['images', 'aliases', 'volumes'] as const) {
        const again = await berth(`update-${kind}`, '-f', join(SAMPLES, FILES[kind]), '--prune');
        expect(again).toMatchObject({ code: 0, stderr: '' });
        expect(again.stdout).toBe(`0 added, 0 changed, 0 removed, ${Object.keys(keys[kind]).length} unchanged\n`);
      }
      expect(await inEtcd()).toEqual(all);
      const names = Object.keys(resolved);
      expect(names.length).toBeGreaterThan(150);
      const { resolveAlias } = await import('../../packages/agent/src/manager-link/metadata/index.js');
      const seen = names.map((name) => {
        try {
          return [name, resolveAlias(name, new Map(Object.entries(all))).image];
        } catch {
          return [name, null];
        }
      });
      expect(Object.fromEntries(seen)).toEqual(resolved);
      for (const name of ['python', 'R', 'tensorflow-gpu', 'go1.8']) {
        expect(await berth('resolve', name)).toEqual({ code: 0, stdout: `${resolved[name]}\n`, stderr: '' });
      }
      const { code, stderr } = await berth('resolve', 'caffe-gpu');
      expect([resolved['caffe-gpu'], code]).toEqual([null, 69]);
      expect(stderr).toMatch(/^berth: no image is registered as "python-caffe:latest-gpu" \(caffe-gpu -> .*\n$/);
    });

    withSamples(
      '--prune removes exactly what is not in the file, and without it nothing goes',
      { timeout: 120_000 },
      async () => {
        const { keys } = await expected();
        for (const kind of ['images', 'aliases', 'volumes'] as const)
          await berth(`update-${kind}`, '-f', join(SAMPLES, FILES[kind]));
        await etcdctl(address, 'put', `/sorna/${namespace}/volumes/_mount`, '/mnt');
        await etcdctl(address, 'put', `/sorna/${namespace}0/images/r`, 'of another namespace');
        const all = { ...keys.images, ...keys.aliases, ...keys.volumes, 'volumes/_mount': '/mnt' };
        const less = (await readFile(join(SAMPLES, FILES.images), 'utf8')).replace(
          / {2}- name: r\n[^]*?(?= {2}- name: octave)/,
          '',
        );
        const path = await file(less);
        expect((await berth('update-images', '-f', path)).stdout).toMatch(/^0 added, 0 changed, 0 removed, \d+ unchanged\n$/);
        expect(await inEtcd()).toEqual(all);
        const gone = Object.keys(keys.images).filter((key) => /^images\/(r|r\/.*|_aliases\/r:.*)$/.test(key));
        expect(gone.length).toBe(7);
        const dry = await berth('update-images', '-f', path, '--prune', '--dry-run', '-o', 'json');
        const { changes, written } = JSON.parse(dry.stdout) as { changes: { key: string; after: null }[]; written: boolean };
        expect([changes.map(({ key }) => key).sort(), written]).toEqual([gone.sort(), false]);
        expect(await inEtcd()).toEqual(all);
        await berth('update-images', '-f', path, '--prune');
        expect(await inEtcd()).toEqual(Object.fromEntries(Object.entries(all).filter(([key]) => !gone.includes(key))));
        await berth('update-volumes', '-f', await file('volumes: []'), '--prune');
        await berth('update-aliases', '-f', await file('aliases: []'), '--prune');
        await berth('update-images', '-f', await file('images: []'), '--prune');
        expect(await inEtcd()).toEqual({ 'volumes/_mount': '/mnt' });
        expect((await dumpEtcd(address, `/sorna/${namespace}0/`)).size).toBe(1);
        await etcdctl(address, 'del', '--prefix', `/sorna/${namespace}0/`);
      },
    );
  });

  describe('single keys', () => {
    it('are put, got, listed and removed, and nothing else is', async () => {
      expect(await berth('put', '/nodes/redis', '127.0.0.1:6379')).toEqual({ code: 0, stdout: 'nodes/redis\n', stderr: '' });
      await berth('put', 'nodes/redis2', 'x y');
      expect(await etcdctl(address, 'get', `/sorna/${namespace}/nodes/redis`, '--print-value-only')).toBe('127.0.0.1:6379\n');
      expect((await berth('get', 'nodes/redis')).stdout).toBe('127.0.0.1:6379\n');
      expect((await berth('ls')).stdout).toBe('nodes/redis = 127.0.0.1:6379\nnodes/redis2 = "x y"\n');
      expect(JSON.parse((await berth('ls', 'nodes/redis2', '-o', 'json')).stdout)).toEqual({
        keys: [{ key: 'nodes/redis2', value: 'x y' }],
      });
      expect(await berth('rm', 'nodes/redis', 'nodes/none')).toEqual(
        expect.objectContaining({ code: 69, stdout: 'nodes/redis\n', stderr: expect.stringContaining('"nodes/none"') as string }),
      );
      expect(await inEtcd()).toEqual({ 'nodes/redis2': 'x y' });
    });
  });

  describe('what goes wrong is one line and a code', () => {
    const cases: [string, (bad: string) => string[], number, RegExp][] = [
      ['a missing key', () => ['get', 'none'], 69, /there is no key "none"/],
      ['an address without a port', () => ['ls', '--etcd-addr', 'localhost'], 64, /--etcd-addr is "localhost"/],
      ['nobody at the address', () => ['ls', '--etcd-addr', '127.0.0.1:1'], 69, /etcd at 127\.0\.0\.1:1 cannot be used/],
      [
        'nobody at several addresses',
        () => ['ls', '--etcd-addr', '127.0.0.1:1,127.0.0.1:2'],
        69,
        /127\.0\.0\.1:1,127\.0\.0\.1:2/,
      ],
      ['a missing file', () => ['update-images', '-f', '/none.yml'], 66, /\/none\.yml does not exist/],
      ['a directory', () => ['update-images', '-f', '/tmp'], 66, /\/tmp cannot be read/],
      ['no file', () => ['update-images'], 64, /needs -f FILE/],
      ['a broken file', (bad) => ['update-aliases', '-f', bad], 78, /file\.yml, line 2: aliases\[0\] must be a list of two/],
      ['a missing certificate', () => ['ls', '--etcd-ca', '/none.pem'], 66, /\/none\.pem cannot be read/],
      ['an unknown verb', () => ['gett', 'x'], 64, /Did you mean get\?/],
      ['too many words', () => ['get', 'x', 'y'], 64, /takes one KEY/],
      ['an option of another verb', () => ['get', 'x', '--prune'], 64, /`berth etcd get` has no --prune/],
      ['a namespace with a slash', () => ['ls', '--namespace', 'a/b'], 64, /--namespace/],
    ];
    it.each(cases)('%s', async (_name, args, code, message) => {
      const ended = await berth(...args(await file('aliases:\n- [only]\n')));
      expect(ended).toMatchObject({ code, stdout: '' });
      expect(ended.stderr).toMatch(message);
      expect(ended.stderr).toMatch(/^berth: [^\n]*\n$/);
      expect(await inEtcd()).toEqual({});
    });

    it('TLS to one that has none', async () => {
      const { code, stdout, stderr } = await berth('ls', '--etcd-ca', '/etc/ssl/certs/ca-certificates.crt');
      expect(stdout).toBe('');
      // It hangs up on what it cannot read. The system tells that as an end or, when not all had been read, as a reset, which may have other reasons.
      if (/ECONNRESET/.test(stderr)) expect(code).toBe(69);
      else expect([code, stderr]).toEqual([77, expect.stringContaining('certificates for etcd') as string]);
      expect(stderr).toMatch(/^berth: [^\n]*\n$/);
    });

    it('a circle, in one file or over two', async () => {
      const inOne = await berth('update-aliases', '-f', await file('aliases: [[a, b], [b, a]]'));
      expect(inOne).toMatchObject({ code: 78, stderr: expect.stringContaining('a -> b -> a') as string });
      await berth('put', 'images/_aliases/b', 'a');
      expect(await berth('update-aliases', '-f', await file('aliases: [[a, b]]'))).toMatchObject({ code: 78 });
      await berth('put', 'images/_aliases/a', 'b');
      const resolved = await berth('resolve', 'a');
      expect(resolved).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('a -> b -> a') as string });
    });
  });
});
