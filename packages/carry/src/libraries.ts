/** The shared libraries of a program, as its own loader finds them: rpath, cache and directories of this machine all count. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BerthError } from '@berth/wire';

const run = promisify(execFile);

/** One library: the name under which it is asked for, and the file that answers. */
export interface Library {
  readonly name: string;
  readonly path: string;
}

/** Reads the output of `ld.so --list` (glibc and musl write it alike). Throws `create-failed` naming a library that is missing. Pure. */
export function parseLibraryList(text: string): Library[] {
  const libraries: Library[] = [];
  for (const line of text.split('\n')) {
    const found = /^\s*(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$/.exec(line);
    if (!found) continue;
    const [, name, path] = found as unknown as [string, string, string];
    if (path === 'not found')
      throw new BerthError('create-failed', `the library ${name}, which Node needs, was not found on this machine`);
    // musl lists its loader as a library of its own name; it is carried as the loader already.
    if (path.startsWith('/') && !name.includes('/')) libraries.push({ name, path });
  }
  return libraries;
}

/** Libraries of `program`, whose loader is `interpreter`. `libraryPath` is searched first, as LD_LIBRARY_PATH would be. */
export async function librariesOf(program: string, interpreter: string, libraryPath?: string): Promise<Library[]> {
  const search = libraryPath === undefined ? [] : ['--library-path', libraryPath];
  try {
    const { stdout } = await run(interpreter, [...search, '--list', program], { timeout: 10_000 });
    return parseLibraryList(stdout);
  } catch (error) {
    if (error instanceof BerthError) throw error;
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new BerthError('create-failed', `the libraries of ${program} could not be listed: ${stderr?.trim() || message}`, {
      cause: error,
    });
  }
}
