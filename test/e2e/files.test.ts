/** Files in and out of a session from the command line, on a real sandbox, with Ctrl-C and `kill -9` in the middle. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Berth, collect } from '../support/berth.js';
import { describeWithBubblewrap, isRoot } from '../support/sandbox.js';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeWithBubblewrap('files of a session', () => {
  let berth: Berth;
  /** On this machine. */
  let here: string;
  /** The session's /home/work, from outside. */
  let work: string;

  beforeAll(async () => {
    berth = await Berth.create(undefined);
    await berth.up(berth.spawn(['up', '--driver', 'sandbox', '--listen', '127.0.0.1:0']));
    await berth.client.createSession({ sessionId: 'work', spec: { image: 'host' } });
    work = join(berth.dataDir, 'scratch', 'work', '.work');
  }, 60_000);
  afterAll(() => berth.dispose());
  let count = 0;
  beforeEach(async () => {
    here = join(berth.dataDir, `here-${count++}`);
    await mkdir(here);
  });

  const at = (name: string) => join(here, name);
  const ok = async (...args: string[]): Promise<string> => {
    const ended = await berth.run(args);
    expect([ended.code, ended.stderr], args.join(' ')).toEqual([0, '']);
    return ended.stdout;
  };
  const inside = (script: string) => ok('exec', 'work', '--', 'sh', '-c', script);

  it('go in as the session’s own, and come out as they were', async () => {
    const content = randomBytes(3_000_000);
    await writeFile(at('data.bin'), content);
    await chmod(at('data.bin'), 0o755);
    expect(await ok('cp', '--check', at('data.bin'), 'work:sub/renamed')).toBe('');
    const sum = createHash('sha256').update(content).digest('hex');
    expect(await inside('sha256sum < sub/renamed; test -O sub/renamed && test -O sub && test -x sub/renamed && echo mine')).toBe(
      `${sum}  -\nmine\n`,
    );
    await ok('cp', 'work:sub/renamed', here);
    expect((await readFile(at('renamed'))).equals(content)).toBe(true);
    expect((await stat(at('renamed'))).mode & 0o777).toBe(0o755 & ~process.umask());
    expect((await readdir(here)).sort()).toEqual(['data.bin', 'renamed']);
  });

  it('go as directories with links and bits, into a directory that is there or under a new name', async () => {
    await mkdir(at('tree/deep'), { recursive: true });
    await writeFile(at('tree/deep/script'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
    await symlink('deep/script', at('tree/link'));
    await symlink('/etc', at('tree/out'));
    await ok('cp', '-r', at('tree'), 'work:new');
    await ok('cp', '-r', at('tree'), 'work:new');
    expect(await inside('new/link; new/tree/deep/script; readlink new/out')).toBe('ran\nran\n/etc\n');
    await ok('cp', '-r', 'work:new', at('back'));
    expect((await readdir(at('back'))).sort()).toEqual(['deep', 'link', 'out', 'tree']);
    expect(await readlink(at('back/tree/out'))).toBe('/etc');
    expect((await lstat(at('back/deep/script'))).mode & 0o111).not.toBe(0);
    for (const copy of [at('tree'), 'work:new']) {
      const ended = await berth.run(['cp', copy, copy.startsWith('work') ? at('other') : 'work:']);
      expect([ended.code, ended.stderr]).toEqual([64, expect.stringMatching(/is a directory\. .*berth cp -r/)]);
    }
  });

  it('go many at once, through pipes, and are listed', async () => {
    for (const name of ['a', 'b']) await writeFile(at(name), name.repeat(10));
    await ok('cp', at('a'), at('b'), 'work:many/');
    expect((await berth.run(['cp', '-', 'work:many/typed'], { input: 'typed' })).code).toBe(0);
    expect(await ok('cp', 'work:many/typed', '-')).toBe('typed');
    expect((await ok('ls', 'work:many')).split('\n').map((line) => line.split(' ').at(-1))).toEqual(['a', 'b', 'typed', '']);
    const { entries } = JSON.parse(await ok('ls', 'work:many/a', '-o', 'json')) as { entries: unknown[] };
    expect(entries).toMatchObject([{ path: 'many/a', type: 'file', size: 10 }]);
  });

  it.each([
    ['work:none', '.', 66, /there is no file "none"/],
    ['work:/etc/passwd', '.', 64, /outside of \/home\/work/],
    ['/nonexistent', 'work:', 66, /\/nonexistent/],
    ['a', 'b', 64, /neither "a" nor "b" is a place in a session/],
  ] as const)('copied from %s to %s: says what is wrong', async (from, to, code, message) => {
    const ended = await berth.run(['cp', from, to]);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) as string });
    expect(ended.stderr.split('\n').length).toBe(2);
  });

  it('that a run leaves are told with their sums, and fetched before the session goes', async () => {
    await inside('mkdir -p .output/deep; echo old > .output/old');
    await wait(50);
    await inside('printf picture > .output/deep/plot.png; printf x > .output/.hidden');
    const { run, files } = JSON.parse(await ok('outputs', 'work', '-o', 'json', '--save', at('results'))) as {
      run: string;
      files: unknown[];
    };
    const sha256 = createHash('sha256').update('picture').digest('hex');
    expect(files).toEqual([{ name: 'deep/plot.png', size: 7, sha256, contentType: 'image/png', steady: true, url: null }]);
    expect(await readFile(at('results/deep/plot.png'), 'utf8')).toBe('picture');
    await inside('echo 2 > .output/deep/plot.png');
    expect(await ok('outputs', 'work', run)).toBe('');
    const script = 'mkdir .output; echo left > .output/left; exit 3';
    const ended = await berth.run(['run', '--outputs', at('fetched'), '--image', 'host', 'sh', '-c', script]);
    expect(ended).toEqual({ code: 3, stdout: '', stderr: '' });
    expect(await readFile(at('fetched/left'), 'utf8')).toBe('left\n');
  });

  // What follows is the same for every user.
  if (!isRoot) return;

  it('are watched as they change', async () => {
    const watching = berth.spawn(['ls', '--watch', 'work:', '-o', 'json']);
    watching.stdin.end();
    const ended = collect(watching);
    let seen = '';
    const told = new Promise<void>((resolve) =>
      watching.stdout.on('data', (text: Buffer) => (seen += text.toString()).includes('watched/file') && resolve()),
    );
    await once(watching.stdout, 'data');
    await inside('mkdir watched && echo hello > watched/file');
    await told;
    watching.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });

  /** An upload whose content waits; resolves when the first of it has arrived. */
  async function halfUpload(path: string) {
    const upload = berth.spawn(['cp', '-', `work:${path}`]);
    const ended = collect(upload);
    upload.stdin.on('error', () => {});
    upload.stdin.write(Buffer.alloc(1_000_000));
    const temporary = () => readdirSync(work).find((name) => name.startsWith('.berth-temporary-'));
    while (!temporary() || (await stat(join(work, temporary()!)).catch(() => ({ size: 0 }))).size === 0) await wait(5);
    return { upload, ended };
  }
  const left = () => readdirSync(work).filter((name) => name.startsWith('.berth-'));

  it('are not there after Ctrl-C, here or there', async () => {
    const { upload, ended } = await halfUpload('half');
    upload.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stderr: '' });
    while (left().length > 0) await wait(5);
    expect(readdirSync(work)).not.toContain('half');

    await inside('head -c 300000000 /dev/zero > big');
    const download = berth.spawn(['cp', 'work:big', at('big')]);
    download.stdin.end();
    const over = collect(download);
    while (readdirSync(here).length === 0) await wait(1);
    download.kill('SIGINT');
    expect((await over).code).toBe(130);
    expect(readdirSync(here)).toEqual([]);
  });

  it('are whole or not there after `kill -9` of the node, and what was half is gone', async () => {
    await inside('echo old > kept');
    const { upload, ended } = await halfUpload('kept');
    await berth.kill9();
    await berth.up(berth.spawn(['up', '--driver', 'sandbox', '--listen', '127.0.0.1:0']));
    expect(left()).toEqual([]);
    expect(await inside('cat kept')).toBe('old\n');
    upload.stdin.end();
    expect((await ended).code).toBe(75);
  });

  it('of a download go on where they were when the node comes back', async () => {
    const content = randomBytes(40_000_000);
    await writeFile(at('big'), content);
    await ok('cp', at('big'), 'work:resumed');
    const download = berth.spawn(['cp', 'work:resumed', '-']);
    download.stdin.end();
    const hash = createHash('sha256');
    // The first piece only: the pipe holds back the rest.
    const [first] = (await once(download.stdout, 'data')) as [Buffer];
    download.stdout.pause();
    hash.update(first);
    await berth.kill9();
    await berth.up(berth.spawn(['up', '--driver', 'sandbox', '--listen', '127.0.0.1:0']));
    download.stdout.on('data', (chunk: Buffer) => hash.update(chunk));
    download.stdout.resume();
    const [code] = (await once(download, 'close')) as [number];
    expect([code, hash.digest('hex')]).toEqual([0, createHash('sha256').update(content).digest('hex')]);
  });
});
