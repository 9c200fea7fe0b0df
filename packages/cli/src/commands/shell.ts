import { usage } from '../args/parse.js';
import { defineCommand } from '../command.js';
import { runInTerminal } from '../run/terminal-run.js';

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
    return runInTerminal(client, { session, argv: rest ?? SHELL, screen }, context);
  },
});
