import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { snapshot } from './snapshot.js';

describe('a copy of a file that may change', () => {
  let directory: string;
  const at = (name: string): string => join(directory, name);
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-snapshot-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const copy = async (limits: Partial<Parameters<typeof snapshot>[2]> = {}) => {
    const source = await open(at('source'), 'r');
    try {
      return await snapshot(source, at('copy'), { most: 1e9, ...limits });
    } finally {
      await source.close();
    }
  };

  it.each([0, 1, 1 << 20, (1 << 20) + 1])('has all of %d bytes, for its owner alone', async (size) => {
    await writeFile(at('source'), Buffer.alloc(size, 'x'));
    expect(await copy()).toMatchObject({
      size,
      steady: true,
      sha256: createHash('sha256').update(Buffer.alloc(size, 'x')).digest('hex'),
    });
    expect((await readFile(at('copy'))).equals(Buffer.alloc(size, 'x'))).toBe(true);
    expect((await stat(at('copy'))).mode & 0o777).toBe(0o600);
  });

  it('is made again when the file has changed meanwhile, and has nothing of before', async () => {
    await writeFile(at('source'), 'a long first text');
    const onAttempt = async (attempt: number) => {
      if (attempt === 1) await writeFile(at('source'), 'second');
    };
    expect(await copy({ onAttempt })).toMatchObject({ size: 6, steady: true });
    expect(await readFile(at('copy'), 'utf8')).toBe('second');
  });

  it('is made again when other bytes have come into the same size', async () => {
    await writeFile(at('source'), 'aaaa');
    const onAttempt = async (attempt: number) => {
      if (attempt > 1) return;
      await writeFile(at('source'), 'bbbb');
      // Times of files have steps.
      await utimes(at('source'), 1, 1);
    };
    expect(await copy({ onAttempt })).toMatchObject({ size: 4, steady: true });
    expect(await readFile(at('copy'), 'utf8')).toBe('bbbb');
  });

  it('ends after three attempts at a file that never rests, and says so', async () => {
    await writeFile(at('source'), '');
    const attempts: number[] = [];
    const onAttempt = async (attempt: number) => {
      attempts.push(attempt);
      await writeFile(at('source'), 'x'.repeat(attempt));
    };
    expect(await copy({ onAttempt })).toMatchObject({ size: 2, steady: false });
    expect(attempts).toEqual([1, 2, 3]);
    expect(await readFile(at('copy'), 'utf8')).toBe('xx');
  });

  it('is refused for one byte too many', async () => {
    await writeFile(at('source'), 'abcd');
    await expect(copy({ most: 3 })).rejects.toThrow(RangeError);
    await rm(at('copy'));
    expect(await copy({ most: 4 })).toMatchObject({ size: 4, steady: true });
  });

  it('writes over nothing, and through no link', async () => {
    await writeFile(at('source'), 'x');
    await symlink(at('elsewhere'), at('copy'));
    await expect(copy()).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(stat(at('elsewhere'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
