/** The files of which a dynamic program of this machine consists, so that it runs where none of them is. */
import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { BerthError } from '@berth/wire';

const run = promisify(execFile);
const PATIENCE_MS = 10_000;

export interface Parts {
  readonly program: string;
  /** Null: it is static. */
  readonly loader: string | null;
  readonly libraries: readonly { readonly name: string; readonly path: string }[];
}

/** Errors: `driver-unavailable`. */
export async function partsOf(program: string): Promise<Parts> {
  try {
    const { stdout } = await run('ldd', [program], { env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' }, timeout: PATIENCE_MS });
    return { program, ...parseLdd(stdout) };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    if (/not a dynamic executable|statically linked/.test(stdout + stderr)) return { program, loader: null, libraries: [] };
    throw new BerthError('driver-unavailable', `the libraries of ${program} cannot be found: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Lines like `libc.so.6 => /lib/libc.so.6 (0x...)`, and one with the loader alone. Pure. */
export function parseLdd(text: string): Omit<Parts, 'program'> {
  const lines = text.split('\n').map((line) => line.trim().replace(/ \(0x[0-9a-f]+\)$/, ''));
  const libraries = lines.flatMap((line) => {
    const [name, path] = line.split(' => ');
    return name && path?.startsWith('/') ? [{ name: basename(name), path }] : [];
  });
  const loader =
    lines.find((line) => /^\/\S*\/ld[-.]\S*$/.test(line)) ?? libraries.find(({ name }) => /^ld[-.]/.test(name))?.path ?? null;
  return { loader, libraries: libraries.filter(({ path }) => path !== loader) };
}
