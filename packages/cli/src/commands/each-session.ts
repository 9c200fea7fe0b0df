/** Does one thing to each session named: a failure with one does not keep the others from it. */
import { toBerthError, type BerthError } from '@berth/wire';
import type { Context } from '../command.js';
import { report } from '../errors.js';
import { during } from '../progress.js';
import { writeJson, writeLine } from '../terminal.js';

export interface EachSession {
  readonly sessions: readonly string[];
  /** What is under way, for example `ending`. */
  readonly doing: string;
  /** Names the list of those that it succeeded with, in JSON. */
  readonly done: string;
  readonly act: (session: string) => Promise<unknown>;
}

/** Prints the name of each it succeeded with. Resolves with the exit code: that of the first failure. */
export async function eachSession({ sessions, doing, done, act }: EachSession, { terminal, json }: Context): Promise<number> {
  const succeeded: string[] = [];
  const failed: BerthError[] = [];
  for (const session of sessions) {
    try {
      await during(terminal, `${doing} ${session}`, act(session));
      succeeded.push(session);
      if (!json) await writeLine(terminal.stdout, session);
    } catch (error) {
      failed.push(toBerthError(error));
    }
  }
  if (json) await writeJson(terminal.stdout, { [done]: succeeded, failed });
  for (const error of failed) await report(error, terminal, false);
  return failed[0]?.exitCode ?? 0;
}
