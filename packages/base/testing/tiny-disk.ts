/** A file system so small that a test can fill it. Needs root for its mount; elsewhere the test is skipped by name. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'vitest';

const SIZE = '256k';

function mountTinyDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'tiny-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', directory], { stdio: 'ignore' });
    return directory;
  } catch {
    rmdirSync(directory);
    return undefined;
  }
}

function unmount(directory: string): void {
  execFileSync('umount', ['-l', directory], { stdio: 'ignore' });
  rmdirSync(directory);
}

/** A test with the path of a small, empty file system of its own. */
export function itWithTinyDisk(name: string, fn: (disk: string) => Promise<void>): void {
  if (process.getuid?.() !== 0) return it.skip(`${name} (needs root for a small file system)`, () => {});
  it(name, async (context) => {
    const disk = mountTinyDisk();
    if (disk === undefined) return context.skip('no file system may be mounted here');
    try {
      await fn(disk);
    } finally {
      unmount(disk);
    }
  });
}

/** Takes all space that is left, to the last byte. The result gives it back. */
export async function fillDisk(disk: string): Promise<() => Promise<void>> {
  const path = join(disk, 'filler');
  const handle = await open(path, 'w');
  try {
    for (;;) await handle.write(Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await handle.close();
  }
  return () => rm(path);
}
