import { didYouMean } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { Command } from './command.js';

/** Errors: `bad-usage`, with what may have been meant. */
export function commandNamed(name: string, commands: readonly Command[]): Command {
  const command = commands.find((known) => known.name === name);
  if (command) return command;
  const meant = didYouMean(
    name,
    commands.map((known) => known.name),
  );
  throw new BerthError('bad-usage', `there is no command ${JSON.stringify(name)}.${meant}`);
}
