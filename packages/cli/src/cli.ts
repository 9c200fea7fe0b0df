/** One call of `berth`: finds the command, runs it, tells what went wrong. */
import { parse } from './args/parse.js';
import { commandNamed } from './command-named.js';
import { complete, type Context } from './command.js';
import { COMMANDS } from './commands/index.js';
import { report } from './errors.js';
import { helpOf, overview } from './help.js';
import { writeLine } from './terminal.js';

const ALIASES: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help', '--version': 'version', '-V': 'version' };

/** Resolves with the exit code; never rejects. */
export async function runCli(args: readonly string[], context: Omit<Context, 'json' | 'commands'>): Promise<number> {
  const { terminal } = context;
  let json = false;
  try {
    const [name, ...rest] = args;
    if (name === undefined) {
      await writeLine(terminal.stderr, overview(COMMANDS, terminal.colour));
      return 64;
    }
    const command = await complete(commandNamed(ALIASES[name] ?? name, COMMANDS));
    const call = parse(command, rest);
    json = call.values.output === 'json';
    if (call.values.help) {
      await writeLine(terminal.stdout, helpOf(command, terminal.colour));
      return 0;
    }
    return await command.run(call, { ...context, json, commands: COMMANDS });
  } catch (error) {
    return report(error, terminal, json);
  }
}
