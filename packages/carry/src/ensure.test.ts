import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectCarries, removeCarry } from './cache.js';
import { carryCommand } from './command.js';
import { ensureCarry, hostsFile, type CarryOptions } from './ensure.js';

const run = promisify(execFile);
const HOUR_MS = 3_600_000;

/** Small programs of this machine stand in for Node where only its being a program counts. */
const SMALL = '/usr/bin/env';
const OTHER = '/usr/bin/sort';

let root: string;
let options: CarryOptions & { readonly nodePath: string; readonly runnerBundle: string };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-carry-'));
  const sources = join(root, 'sources');
  const replDirectory = join(sources, 'repl');
  await mkdir(replDirectory, { recursive: true });
  await writeFile(join(replDirectory, 'python.py'), 'print(1)\n');
  const runnerBundle = join(sources, 'runner.mjs');
  await writeFile(runnerBundle, 'console.log(process.version);\n');
  const nodePath = join(sources, 'node');
  await copyFile(SMALL, nodePath);
  options = { cacheDir: join(root, 'cache'), nodePath, runnerBundle, replDirectory };
});

afterEach(async () => {
  for (const name of await readdir(options.cacheDir).catch(() => [])) await removeCarry(join(options.cacheDir, name));
  await rm(root, { recursive: true, force: true });
});

const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
const carries = async (): Promise<string[]> => (await readdir(options.cacheDir)).filter((name) => name !== 'sources');

describe('ensureCarry', () => {
  it('makes a carry from which this Node runs with its own libraries only', async () => {
    const { path, loader, nodeVersion } = await ensureCarry({ ...options, nodePath: process.execPath });
    expect(nodeVersion).toBe(process.version);
    const start = loader === null ? [] : [join(path, 'lib', loader), '--library-path', join(path, 'lib')];
    const [program, ...rest] = [...start, join(path, 'bin/node'), join(path, 'runner.mjs')];
    expect((await run(program!, rest, { env: {} })).stdout).toBe(`${process.version}\n`);
  });

  it('brings along what makes terminals, with libraries that this Node can load it with', async () => {
    await writeFile(
      options.runnerBundle,
      `const pty = { exports: {} };\nprocess.dlopen(pty, process.argv[2]);\nconsole.log(pty.exports.open(80, 24).pty);\n`,
    );
    const { path, loader, terminals } = await ensureCarry({ ...options, nodePath: process.execPath });
    expect([terminals, loader]).toEqual([true, expect.stringMatching(/^ld-/)]);
    const library = join(path, 'lib');
    // In this order: nothing of the machine's own libraries can be found.
    const start = [join(library, loader!), '--inhibit-cache', '--library-path', library, join(path, 'bin/node')];
    const { stdout } = await run(start[0]!, [...start.slice(1), join(path, 'runner.mjs'), join(library, 'pty.node')], {
      env: {},
    });
    expect(stdout).toMatch(/^\/dev\/pts\/\d+\n$/);
  });

  it.each([
    ['there is none', () => null],
    ['it is of no use to this Node', () => options.runnerBundle],
    ['it is missing', () => join(root, 'missing.node')],
  ])('does without what makes terminals when %s', async (_, ptyAddon) => {
    const { path, terminals } = await ensureCarry({ ...options, ptyAddon: ptyAddon() });
    expect(terminals).toBe(false);
    expect(await readdir(join(path, 'lib'))).not.toContain('pty.node');
  });

  it('lists every file with its hash, readable by all and writable by none', async () => {
    const { path } = await ensureCarry(options);
    const { files } = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as {
      files: { path: string; sha256: string; executable: boolean }[];
    };
    expect(files.map((file) => file.path)).toEqual(
      expect.arrayContaining(['bin/node', 'etc/hosts', 'repl/python.py', 'runner.mjs']),
    );
    for (const file of files) {
      expect(await hashOf(join(path, file.path))).toBe(file.sha256);
      expect((await stat(join(path, file.path))).mode & 0o777).toBe(file.executable ? 0o555 : 0o444);
    }
    for (const directory of ['', 'bin', 'lib', 'repl']) expect((await stat(join(path, directory))).mode & 0o777).toBe(0o755);
  });

  it('knows unchanged sources without reading them', async () => {
    const time = new Date(1_700_000_000_000);
    await utimes(options.runnerBundle, time, time);
    const first = await ensureCarry(options);
    // Other bytes under the same stamp: only reading them would tell.
    await writeFile(options.runnerBundle, 'x'.repeat((await stat(options.runnerBundle)).size));
    await utimes(options.runnerBundle, time, time);
    expect(await ensureCarry(options)).toEqual(first);
  });

  it('is built once when several ask at the same time', async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => ensureCarry(options)));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await carries()).toEqual([made[0]?.id]);
  });

  it('leaves a carry as it was when Node is upgraded', async () => {
    const old = await ensureCarry(options);
    const before = await hashOf(join(old.path, 'bin/node'));
    await copyFile(OTHER, `${options.nodePath}.new`);
    await rename(`${options.nodePath}.new`, options.nodePath);
    const upgraded = await ensureCarry(options);
    expect(upgraded.id).not.toBe(old.id);
    expect(await hashOf(join(old.path, 'bin/node'))).toBe(before);
    expect(await hashOf(join(upgraded.path, 'bin/node'))).toBe(await hashOf(OTHER));
  });

  it('replaces a carry that lost a file', async () => {
    const { id, path } = await ensureCarry(options);
    await chmod(join(path, 'repl'), 0o755);
    await rm(join(path, 'repl/python.py'));
    expect((await ensureCarry(options)).id).toBe(id);
    expect(await readFile(join(path, 'repl/python.py'), 'utf8')).toBe('print(1)\n');
    expect(await carries()).toEqual([id]);
  });

  it.each([
    ['is missing', 'missing', 'file-unreadable'],
    ['is a script', 'runner.mjs', 'create-failed'],
  ])('says so when Node %s', async (_, name, code) => {
    await expect(ensureCarry({ ...options, nodePath: join(root, 'sources', name) })).rejects.toMatchObject({ code });
  });

  it('says so when the cache cannot be written', async () => {
    await writeFile(options.cacheDir, '');
    await expect(ensureCarry(options)).rejects.toMatchObject({ code: 'state-unwritable' });
    await rm(options.cacheDir);
  });
});

describe('hostsFile', () => {
  it('says where localhost is', async () => {
    expect(await readFile(hostsFile(await ensureCarry(options)), 'utf8')).toMatch(/^127\.0\.0\.1 localhost$/m);
  });
});

describe('collectCarries', () => {
  const later = () => ({ now: Date.now() + 2 * HOUR_MS, graceMs: HOUR_MS });

  it('removes what nobody uses and nobody asked for lately, and then forgets it', async () => {
    await ensureCarry(options);
    await collectCarries(options.cacheDir, new Set(), later());
    expect(await carries()).toEqual([]);
    expect(await readdir(join(options.cacheDir, 'sources'))).toEqual([]);
  });

  it('keeps what is used', async () => {
    const { id } = await ensureCarry(options);
    await collectCarries(options.cacheDir, new Set([id]), later());
    expect(await carries()).toEqual([id]);
  });

  it('keeps what was asked for lately', async () => {
    const { id } = await ensureCarry(options);
    await collectCarries(options.cacheDir, new Set(), { ...later(), now: Date.now() });
    expect(await carries()).toEqual([id]);
  });

  it('removes what a crashed build left', async () => {
    await mkdir(join(options.cacheDir, '.building-abc', 'bin'), { recursive: true });
    await collectCarries(options.cacheDir, new Set(), later());
    expect(await carries()).toEqual([]);
  });
});

describe('carryCommand', () => {
  it('goes through the loader by name', () => {
    const command = carryCommand({ loader: 'ld-linux.so.2' }, 'k1', 2);
    expect(command.slice(0, 4)).toEqual([
      '/opt/berth/lib/ld-linux.so.2',
      '--library-path',
      '/opt/berth/lib',
      '/opt/berth/bin/node',
    ]);
    expect(command.slice(-5)).toEqual(['/opt/berth/runner.mjs', '--kernel', 'k1', '--incarnation', '2']);
  });

  it('starts a static Node by itself', () => {
    expect(carryCommand({ loader: null }, 'k1', 1)[0]).toBe('/opt/berth/bin/node');
  });
});
