/** Which command line a batch means. */
import type { BatchRun } from '@berth/wire';
import type { Places } from '../places.js';
import { findInterpreter, findProgram } from '../processes/find.js';
import { startFailed, type End } from './start-failed.js';

/** A whole command line, or why there is none. */
export type Command = { readonly argv: readonly string[] } | { readonly failed: End };

/** The program of `request`, looked for in the directories of `path`. */
export function commandOf({ argv, interpreter, cwd = '.' }: BatchRun, places: Places, path: string): Command {
  if (interpreter === undefined) return programCommand(argv, `${places.work}/${cwd}`, path);
  const found = findInterpreter(interpreter, places, path, { repl: false });
  if (!found) return { failed: startFailed(127, `This image has no interpreter for ${interpreter}.`) };
  return { argv: [...found, ...argv] };
}

/** A shell that runs `text`: what comes before a program. */
export const stepCommand = (text: string): Command => programCommand(['/bin/sh', '-c', text], '/', '');

function programCommand(argv: readonly string[], cwd: string, path: string): Command {
  const program = argv[0] ?? '';
  const finding = findProgram(program, cwd, path);
  if (finding === 'missing') return { failed: startFailed(127, `There is no program ${JSON.stringify(program)}.`) };
  if (finding !== 'not-executable') return { argv };
  return { failed: startFailed(126, `${JSON.stringify(program)} is not an executable file.`) };
}
