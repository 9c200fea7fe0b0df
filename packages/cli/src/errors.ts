/** How a command that failed ends: one line, an exit code of the closed list, no stack trace. */
import { toBerthError } from '@berth/wire';
import { Interrupted } from './interrupts.js';
import { notice, writeJson, type Terminal } from './terminal.js';

/** Tells a failure and resolves with the exit code. */
export async function report(thrown: unknown, terminal: Terminal, json: boolean): Promise<number> {
  if (thrown instanceof Interrupted) return thrown.exitCode;
  const error = toBerthError(thrown);
  if (json) await writeJson(terminal.stdout, { error });
  await notice(terminal, `${withStop(error.message)} ${error.fix}`);
  return error.exitCode;
}

/** Ready for another sentence after it. */
export const withStop = (message: string): string => (/[.?]$/.test(message) ? message : `${message}.`);
