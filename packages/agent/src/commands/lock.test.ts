import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLocked, lockDirectory, untilUnlocked } from './lock.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-lock-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('the lock of a data directory', () => {
  it('is for one holder, by whatever path', async () => {
    const lock = await lockDirectory(directory);
    const other = join(directory, 'link');
    await symlink(directory, other);
    await expect(lockDirectory(other)).rejects.toMatchObject({ code: 'data-dir-locked' });
    expect(await isLocked(other)).toBe(true);
    lock.release();
    expect(await isLocked(directory)).toBe(false);
    (await lockDirectory(directory)).release();
  });

  it('tells those who wait when it is free', async () => {
    const lock = await lockDirectory(directory);
    let free = false;
    const waiting = untilUnlocked(directory).then(() => (free = true));
    expect(await isLocked(directory)).toBe(true);
    expect(free).toBe(false);
    lock.release();
    await waiting;
  });

  it('is free when its holder is killed', async () => {
    const { dev, ino } = await import('node:fs/promises').then(({ stat }) => stat(directory));
    const hold = `require('net').createServer((s) => s.on('error', () => {})).listen('\\0berth-node-${dev}-${ino}', () => console.log('held'))`;
    const holder = spawn(process.execPath, ['-e', hold]);
    await once(holder.stdout, 'data');
    expect(await isLocked(directory)).toBe(true);
    const waiting = untilUnlocked(directory);
    holder.kill('SIGKILL');
    await waiting;
    expect(await isLocked(directory)).toBe(false);
  });

  it('of a directory that is not there is free', async () => expect(await isLocked(join(directory, 'nothing'))).toBe(false));
});
