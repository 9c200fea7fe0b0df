import { whileNodeAway } from '@berth/client';
import { newRunId } from '@berth/wire';
import { usage } from '../args/parse.js';
import { defineCommand } from '../command.js';
import { endNotice, exitCodeOf } from '../run/exit-code.js';
import { followInTerminal } from '../run/in-terminal.js';
import { notice } from '../terminal.js';

/** The best that the image has. */
const SHELL = ['/bin/sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'];

export const shell = defineCommand({
  name: 'shell',
  summary: 'a terminal in a session that is there',
  usage: ['shell SESSION', 'shell SESSION -- COMMAND [ARGS...]'],
  details: [
    'Without a command, a shell. All keys are its, Ctrl-C too, but one: Ctrl-] leaves. What runs in the terminal goes on then,\n' +
      'and when `berth shell` itself is ended; `berth logs` shows its output.',
  ],
  options: {},
  words: { min: 1, max: 1 },
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [
    ['shell work', 'bash, or sh, in the session work'],
    ['shell work -- top', 'a program that needs a terminal'],
  ],
  async run({ words: [session = ''], rest }, context) {
    const { terminal, nodes } = context;
    const { screen } = terminal;
    if (!screen) throw usage(shell, '`berth shell` needs a terminal; `berth exec` runs commands without one');
    if (rest?.length === 0) throw usage(shell, '`berth shell` needs a command after --');
    const client = await nodes.lastingClient({ start: false });
    const run = newRunId();
    await whileNodeAway(() =>
      client.startRun(session, {
        mode: 'batch',
        runId: run,
        argv: [...(rest ?? SHELL)],
        stdin: 'open',
        terminal: screen.size(),
        env: { TERM: screen.kind },
      }),
    );
    const finished = await followInTerminal(client, { session, run, screen }, context);
    if (!finished) {
      await notice(terminal, `left; it goes on as run ${run}`);
      return 0;
    }
    const text = endNotice(finished);
    if (text !== undefined) await notice(terminal, text);
    return exitCodeOf(finished);
  },
});
