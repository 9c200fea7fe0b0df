/** A program in a terminal of its own, on the terminal of a person. */
import { whileNodeAway, type BerthClient } from '@berth/client';
import { newRunId } from '@berth/wire';
import type { Context } from '../command.js';
import { notice, type PersonalScreen } from '../terminal.js';
import { endNotice, exitCodeOf } from './exit-code.js';
import { followInTerminal } from './in-terminal.js';

/** Resolves with the program's exit code, or 0 when the person has left it running. */
export async function runInTerminal(
  client: BerthClient,
  { session, argv, screen }: { readonly session: string; readonly argv: readonly string[]; readonly screen: PersonalScreen },
  context: Context,
): Promise<number> {
  const run = newRunId();
  await whileNodeAway(() =>
    client.startRun(session, {
      mode: 'batch',
      runId: run,
      argv: [...argv],
      stdin: 'open',
      terminal: screen.size(),
      env: { TERM: screen.kind },
    }),
  );
  const finished = await followInTerminal(client, { session, run, screen }, context);
  if (!finished) {
    await notice(context.terminal, `left; it goes on as run ${run}`);
    return 0;
  }
  const text = endNotice(finished);
  if (text !== undefined) await notice(context.terminal, text);
  return exitCodeOf(finished);
}
