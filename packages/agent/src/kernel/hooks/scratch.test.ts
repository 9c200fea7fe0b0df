import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inDirectory, openDirectory } from '@berth/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDriver } from '../../../testing/fake-driver.js';
import { someFacts } from '../../../testing/model.js';
import { emptyDraft, type KernelDraft, type LifecycleHook } from '../hook.js';
import { scratchHook } from './scratch.js';

const facts = someFacts({}, { uid: process.getuid!() === 0 ? 1234 : process.getuid!(), gid: process.getgid!() });

let scratchRoot: string;
let hook: LifecycleHook;
let treesRemoved: string[];
beforeEach(async () => {
  scratchRoot = await mkdtemp(join(tmpdir(), 'scratch-'));
  treesRemoved = [];
  // As the helper container does: by a program that goes step by step.
  const driver = Object.assign(new FakeDriver(), {
    removeTree: async (path: string) => {
      treesRemoved.push(path);
      execFileSync('rm', ['-rf', path]);
    },
  });
  hook = scratchHook(scratchRoot, driver);
});
afterEach(() => void execFileSync('rm', ['-rf', scratchRoot]));

async function acquire(): Promise<KernelDraft> {
  const draft = emptyDraft();
  await hook.acquire({ facts, draft, signal: new AbortController().signal, containerMade: () => Promise.resolve() });
  return draft;
}
const release = (): Promise<void> =>
  hook.release({ facts, containerId: null, end: { reason: 'user-requested', detail: '', at: 0 } });
const modeOf = async (...names: string[]): Promise<number> => (await lstat(join(scratchRoot, 'k1', ...names))).mode & 0o777;

describe('the scratch directory', () => {
  it('keeps strangers out at its top, and is open where the kernel works', async () => {
    await acquire();
    expect([await modeOf(), await modeOf('run-1'), await modeOf('.work')]).toEqual([0o700, 0o777, 0o755]);
    expect((await stat(join(scratchRoot, 'k1', '.work'))).uid).toBe(facts.uid);
  });

  it('has the pipes that it promises, for all to open', async () => {
    const { fifos } = await acquire();
    expect(fifos).toBe(32);
    for (let i = 0; i < fifos; i++) {
      expect((await lstat(join(scratchRoot, 'k1', 'run-1', `fifo-${i}`))).isFIFO()).toBe(true);
      expect(await modeOf('run-1', `fifo-${i}`)).toBe(0o666);
    }
  });

  it('is the same when it is made again, with what is in it', async () => {
    const first = await acquire();
    await writeFile(join(scratchRoot, 'k1', '.work', 'file'), 'kept');
    await rm(join(scratchRoot, 'k1', 'run-1', 'fifo-3'));
    const second = await acquire();
    expect(second).toEqual(first);
    expect((await readdir(join(scratchRoot, 'k1', 'run-1'))).length).toBe(32);
    expect(await readdir(join(scratchRoot, 'k1', '.work'))).toEqual(['file']);
  });

  it('hides the run directory behind a place for root alone', async () => {
    const { mounts, tmpfs } = await acquire();
    expect(tmpfs).toMatchObject([{ target: '/berth', mode: 0o700 }]);
    expect(mounts.map(({ target, readOnly }) => [target, readOnly])).toEqual([
      ['/berth/run', false],
      ['/home/work', false],
    ]);
  });

  it('is gone after release, once and again, also if it was never made', async () => {
    await release();
    await acquire();
    await mkdir(join(scratchRoot, 'k1', '.work', 'a', 'b'), { recursive: true });
    await release();
    await release();
    expect(await readdir(scratchRoot)).toEqual([]);
  });

  it('is gone after release even when a program made a tree too deep for whole paths', async () => {
    await acquire();
    const work = join(scratchRoot, 'k1', '.work');
    let here = await openDirectory(work, []);
    for (let depth = 0; depth < 25; depth++) {
      await mkdir(inDirectory(here, 'n'.repeat(200)));
      const next = await openDirectory(inDirectory(here, '.'), ['n'.repeat(200)]);
      await here.close();
      here = next;
    }
    await here.close();
    await release();
    expect(treesRemoved).toEqual([join(scratchRoot, 'k1')]);
    expect(await readdir(scratchRoot)).toEqual([]);
  });

  it('follows no link while it is removed', async () => {
    await acquire();
    const outside = await mkdtemp(join(tmpdir(), 'outside-'));
    await writeFile(join(outside, 'file'), 'x');
    execFileSync('ln', ['-s', outside, join(scratchRoot, 'k1', '.work', 'link')]);
    await release();
    expect(await readdir(outside)).toEqual(['file']);
    await rm(outside, { recursive: true });
  });
});
