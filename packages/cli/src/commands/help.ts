import { commandNamed } from '../command-named.js';
import { complete, defineCommand, type Command } from '../command.js';
import { helpOf, overview } from '../help.js';
import { writeJson, writeLine } from '../terminal.js';

const asJson = ({ name, summary, usage, options }: Command) => ({ name, summary, usage, options });

export const help = defineCommand({
  name: 'help',
  summary: 'explain a command',
  usage: ['help [COMMAND]'],
  options: {},
  words: { min: 0, max: 1 },
  examples: [
    ['help', 'list the commands'],
    ['help run', 'explain `berth run`'],
  ],
  async run({ words: [name] }, { terminal, json, commands }) {
    const wanted = await Promise.all((name === undefined ? commands : [commandNamed(name, commands)]).map(complete));
    if (json) await writeJson(terminal.stdout, { commands: wanted.map(asJson) });
    else
      await writeLine(
        terminal.stdout,
        name === undefined ? overview(commands, terminal.colour) : helpOf(wanted[0]!, terminal.colour),
      );
    return 0;
  },
});
