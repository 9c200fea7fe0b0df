/** Looks at the machine that never fail: what cannot be read is undefined. */
import { execFile } from 'node:child_process';
import { access, constants, readFile, readlink, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

/** The text of a file, without its last line feed. */
export async function text(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (content) => content.replace(/\n$/, ''),
    () => undefined,
  );
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export const linkTarget = (path: string): Promise<string | undefined> => readlink(path).catch(() => undefined);

/** The path itself, or the nearest directory above it that exists: what is not made yet will lie there. */
export async function nearest(path: string): Promise<string> {
  return (await exists(path)) || path === '/' ? path : nearest(dirname(path));
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const PROGRAM_MS = 5_000;

/** Where programs of the system are, whatever the environment of this process says. */
const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** First executable of these names. */
export async function findExecutable(names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    for (const directory of DIRECTORIES) {
      const path = join(directory, name);
      if (await isExecutable(path)) return path;
    }
  }
  return undefined;
}

const isExecutable = async (path: string): Promise<boolean> => {
  if (!(await stat(path).catch(() => undefined))?.isFile()) return false;
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
};

/** Runs a program of the system for at most 5 s; undefined when there is none, or when it was ended. */
export async function runProgram(name: string, args: readonly string[]): Promise<Ran | undefined> {
  const path = await findExecutable([name]);
  if (path === undefined) return undefined;
  const env = { PATH: DIRECTORIES.join(delimiter), LC_ALL: 'C.UTF-8' };
  return new Promise((resolve) => {
    execFile(path, args, { env, timeout: PROGRAM_MS, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve(typeof code === 'number' ? { exitCode: code, stdout, stderr } : undefined);
    });
  });
}

/** Bytes for a person, for example `1.5 GiB`. */
export function inUnits(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]!}`;
}
