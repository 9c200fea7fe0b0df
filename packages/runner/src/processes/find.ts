/** Finds programs as execvp would, in the image. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Language } from '@berth/wire';
import type { Places } from '../places.js';

/** What is known of a program before it is started. `unknown`: it may be there; only the user can tell. */
export type Finding = 'found' | 'missing' | 'not-executable' | 'unknown';

/** Looks for `program`: a path relative to `cwd`, or a name in the directories of `path`. */
export function findProgram(program: string, cwd: string, path: string): Finding {
  if (program === '') return 'missing';
  if (program.includes('/')) return lookAt(resolve(cwd, program));
  const seen = path.split(':').map((directory) => lookAt(resolve(cwd, directory, program)));
  return (['found', 'unknown', 'not-executable'] as const).find((finding) => seen.includes(finding)) ?? 'missing';
}

function lookAt(path: string): Finding {
  try {
    const status = statSync(path);
    return status.isFile() && (status.mode & 0o111) !== 0 ? 'found' : 'not-executable';
  } catch (error) {
    // The runner may enter less than the user: it is root without the right to pass over modes.
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'unknown' : 'missing';
  }
}

const INTERPRETERS: Readonly<Record<Language, readonly string[]>> = {
  python: ['python3', 'python'],
  node: ['node'],
  bash: ['bash'],
};

/** The beginning of a command line that runs `language`; undefined when the image has no interpreter. `repl`: a plain sh will not do. */
export function findInterpreter(
  language: Language,
  places: Places,
  path: string,
  { repl }: { readonly repl: boolean },
): readonly string[] | undefined {
  const names = language === 'bash' && !repl ? ['bash', 'sh'] : INTERPRETERS[language];
  const name = names.find((candidate) => ['found', 'unknown'].includes(findProgram(candidate, '/', path)));
  if (name !== undefined) return [name];
  return language === 'node' ? carriedNode(places) : undefined;
}

/** The Node that runs the runner, which the user may run too. */
export function carriedNode({ carry }: Places): readonly string[] | undefined {
  const node = join(carry, 'bin/node');
  if (lookAt(node) !== 'found') return undefined;
  const library = join(carry, 'lib');
  const loader = namesIn(library).find((name) => /^ld[-.]/.test(name));
  return loader === undefined ? [node] : [join(library, loader), '--library-path', library, node];
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
