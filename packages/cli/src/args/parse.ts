/** From what was typed to a command's values. */
import { parseArgs } from 'node:util';
import { didYouMean } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { Command } from '../command.js';
import { COMMON_OPTIONS, optionNames, type OptionSpec, type OptionTable, type Parsed } from './option.js';

/** Errors: `bad-usage`. */
export function parse(command: Command, args: readonly string[]): Parsed {
  const options: OptionTable = { ...command.options, ...COMMON_OPTIONS };
  const cut = restBegins(args, options, command.ownWords ?? Infinity);
  const own = args.slice(0, cut);
  const rest = cut === args.length ? undefined : args.slice(args[cut] === '--' ? cut + 1 : cut);
  const { values, positionals } = parseOwn(command, own, options);
  const given: Readonly<Record<string, unknown>> = values;
  const complete = Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple }]) => [
      name,
      given[name] ?? (type === 'boolean' ? false : multiple ? [] : undefined),
    ]),
  ) as Parsed['values'];
  if (complete.output !== undefined && complete.output !== 'text' && complete.output !== 'json') {
    throw usage(command, `--output is ${JSON.stringify(complete.output)}: it must be text or json`);
  }
  if (!complete.help) checkCount(command, positionals.length);
  return { values: complete, words: positionals, rest };
}

/** A `bad-usage` that points at the command's help. */
export function usage(command: Pick<Command, 'name'>, message: string): BerthError {
  return new BerthError('bad-usage', message, { fix: `See \`berth help ${command.name}\`.` });
}

/** Index of `--`, or of the first word after `ownWords`; the length of `args` when there is neither. */
function restBegins(args: readonly string[], options: OptionTable, ownWords: number): number {
  const byName = new Map<string, OptionSpec>(
    Object.entries(options).flatMap(([name, spec]) => [[`--${name}`, spec] as const, [`-${spec.short}`, spec] as const]),
  );
  let words = 0;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') return i;
    if (byName.get(arg)?.type === 'string') i += 1;
    else if ((!arg.startsWith('-') || arg === '-') && ++words > ownWords) return i;
  }
  return args.length;
}

function parseOwn(command: Command, args: readonly string[], options: OptionTable) {
  try {
    return parseArgs({
      args: [...args],
      options: options as NonNullable<Parameters<typeof parseArgs>[0]>['options'] & {},
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const message = (error as Error).message;
    const name: string = /'(-[^' =]*)/.exec(message)?.[1] ?? '';
    if ((error as NodeJS.ErrnoException).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      throw usage(command, `there is no option ${name}.${didYouMean(name, optionNames(options))}`);
    }
    throw usage(command, message.split('\n')[0]!.replace(/\.$/, ''));
  }
}

function checkCount(command: Command, count: number): void {
  const { min, max } = command.words;
  if (count < min) throw usage(command, `\`berth ${command.name}\` needs ${command.wordNames ?? 'more'}`);
  if (count > max)
    throw usage(command, `\`berth ${command.name}\` takes ${max === 0 ? 'no words' : `at most ${max}`}, but there are ${count}`);
}
