/** What `berth run` is asked to run, from the words that follow its options. */
import { stat, access, constants } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { BerthError, LANGUAGES, type Language } from '@berth/wire';

export interface Program {
  /** With an interpreter, its arguments only. */
  readonly argv: readonly string[];
  readonly interpreter?: Language;
  /** File of this machine to bring into /home/work, under its own name. */
  readonly upload?: { readonly from: string; readonly to: string };
}

/** Scripts that are certainly meant to be on this machine. */
const SCRIPT_EXTENSIONS = new Set(['.py', '.js', '.mjs', '.cjs', '.sh', '.bash']);

/** Errors: `file-unreadable` for a script that is missing here or cannot be read. */
export async function planProgram(words: readonly string[]): Promise<Program> {
  const [first = '', ...args] = words;
  const interpreter = LANGUAGES.find((language) => language === first);
  if (!interpreter) return { argv: words };
  const [script, ...rest] = args;
  // `bash -` would read its input too, but take the next word for a script.
  if (script === '-') return { interpreter, argv: interpreter === 'bash' ? ['-s', '--', ...rest] : args };
  if (script === undefined || script.startsWith('-') || !(await isHere(script))) return { interpreter, argv: args };
  const to = basename(script);
  return { interpreter, argv: [to, ...rest], upload: { from: script, to } };
}

/** True for a file of this machine; false for a name that may be one of the session's. */
async function isHere(path: string): Promise<boolean> {
  const unreadable = (why: string) => new BerthError('file-unreadable', `the script ${path} ${why}`, { fields: { path } });
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    if (found.code === 'ENOENT' && !SCRIPT_EXTENSIONS.has(extname(path))) return false;
    throw unreadable(found.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${found.message}`);
  }
  if (!found.isFile()) throw unreadable('is not a file');
  await access(path, constants.R_OK).catch((error: Error) => {
    throw unreadable(`cannot be read: ${error.message}`);
  });
  return true;
}
