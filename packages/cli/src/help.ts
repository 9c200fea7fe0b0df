/** The help, made from the same tables as the parsing. */
import { styleText } from 'node:util';
import { COMMON_OPTIONS, type OptionTable } from './args/option.js';
import type { Command } from './command.js';

const columns = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};

const headings = (colour: boolean) => (text: string) => (colour ? styleText('bold', text, { validateStream: false }) : text);

/** `berth help` */
export function overview(commands: readonly Command[], colour: boolean): string {
  const heading = headings(colour);
  return [
    'berth runs code in sessions of its own on this machine.',
    '',
    heading('Usage:'),
    '  berth COMMAND [OPTIONS]',
    '',
    heading('Commands:'),
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    heading('Examples:'),
    ...columns([
      [`berth run python -c 'print(6*7)'`, 'run a piece of code'],
      ['berth up --detach', 'keep a node running'],
      ['berth help run', 'all about one command'],
    ]),
    '',
    'Everything a node keeps is in its data directory; BERTH_DATA_DIR places it.',
  ].join('\n');
}

/** `berth help COMMAND` */
export function helpOf(command: Command, colour: boolean): string {
  const heading = headings(colour);
  return [
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    '',
    heading('Usage:'),
    ...command.usage.map((line) => `  berth ${line}`),
    '',
    ...(command.details ?? []).flatMap((paragraph) => [paragraph, '']),
    heading('Options:'),
    ...columns(optionRows({ ...command.options, ...COMMON_OPTIONS })),
    '',
    heading('Examples:'),
    ...columns(command.examples.map(([line, meaning]) => [`berth ${line}`, meaning])),
  ].join('\n');
}

function optionRows(options: OptionTable): [string, string][] {
  return Object.entries(options).map(([name, { short, value, help }]) => [
    `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`,
    help,
  ]);
}
