/** What tests fetch once and keep between runs. */
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCache } from '../../scripts/test-cache.mjs';

const execute = promisify(execFile);

/** Runs a program to its end. Resolves with its standard output; rejects when it fails or takes longer than two minutes. */
export async function output(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await execute(program, args, { cwd, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

/** The directory `name` of the test cache. The first time, `make` fills it; half of it is never kept. Rejects as `make` does. */
export async function kept(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const path = join(testCache(), name);
  if (await exists(path)) return path;
  await mkdir(testCache(), { recursive: true });
  const making = await mkdtemp(`${path}.part-`);
  try {
    await make(making);
    // Where another process was first its work stands.
    await rename(making, path).catch(async (error: unknown) => {
      if (!(await exists(path))) throw error;
    });
    return path;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
