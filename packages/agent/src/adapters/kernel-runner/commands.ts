/** What a run means to the kernel-runner of 2018 (seed spec 9.2). Pure. */
import { BerthError, type BatchRun, type Language, type RunRequest } from '@berth/wire';

/** Commands of a run, in the order in which they are sent. Their text is UTF-8 without surrogate halves once it is encoded. */
export interface RunCommands {
  /** Null: the run has no build step. Empty: skipped, but answered. `*`: the language's own rule. Else a shell command. */
  readonly build: string | null;
  readonly main: { readonly type: 'exec' | 'code'; readonly text: string };
}

/**
 * A query is `code`. A batch is `exec` with one shell command, which `argv` gives by this convention:
 *
 * - `[]`: the empty text, which runs nothing and ends with 0;
 * - `['*']`: the language's own rule, for example `python main.py`;
 * - `['/bin/sh', '-c', text]`: `text` itself;
 * - anything else: a program with arguments, quoted for the shell.
 *
 * Errors: `bad-request` for a step that it has not; `terminal-missing`: terminals of such a kernel are its own.
 */
export function commandsOf(run: RunRequest): RunCommands {
  if (run.mode === 'query') return { build: null, main: { type: 'code', text: run.code } };
  if (run.clean !== undefined) throw new BerthError('bad-request', 'a kernel with the kernel-runner has no step clean');
  if (run.terminal) throw new BerthError('terminal-missing', 'a kernel with the kernel-runner gives no terminal to a run');
  return { build: run.build ?? null, main: { type: 'exec', text: shellText(run) } };
}

function shellText(run: BatchRun): string {
  const command = commandText(run);
  if (command === '' || command === '*') return command;
  const exports = Object.entries(run.env ?? {}).map(([name, value]) => `export ${name}=${quoted(value)}; `);
  const cwd = run.cwd === undefined || run.cwd === '.' ? '' : `cd -- ${quoted(run.cwd)} && `;
  return `${exports.join('')}${cwd}${command}`;
}

const INTERPRETERS: Readonly<Record<Language, string>> = { python: 'python', node: 'node', bash: 'bash' };

function commandText({ argv, interpreter }: BatchRun): string {
  if (interpreter !== undefined) return [INTERPRETERS[interpreter], ...argv.map(quoted)].join(' ');
  const [program, flag, text] = argv;
  if (argv.length === 0) return '';
  if (argv.length === 1 && program === '*') return '*';
  if (argv.length === 3 && program === '/bin/sh' && flag === '-c') return text ?? '';
  return argv.map(quoted).join(' ');
}

/** For a POSIX shell; nothing in it means anything. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Payload of `complete`. The runner looks at `line` alone, and takes the whole of it for the beginning of a name: so only the
 * word before the cursor is passed.
 */
export function completionRequest(code: string, cursor: number): string {
  const before = code.slice(0, cursor);
  const rows = before.split('\n');
  const line = rows.at(-1) ?? '';
  const post = code.slice(cursor).split('\n', 1)[0] ?? '';
  return JSON.stringify({ code, line: /[\w.]*$/u.exec(line)?.[0] ?? '', post, row: rows.length - 1, col: line.length });
}
