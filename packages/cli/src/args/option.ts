/** How commands describe themselves: one table serves parsing, help and their tests. */

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** May be given again and again. */
  readonly multiple?: boolean;
  /** What stands for the value in the help, for example `SIZE`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Values of options by name; absent booleans are false, absent lists empty. */
export type Values<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name]['type'] extends 'boolean'
    ? boolean
    : Table[Name]['multiple'] extends true
      ? readonly string[]
      : string | undefined;
};

/** Options of every command. */
export const COMMON_OPTIONS = {
  output: { type: 'string', short: 'o', value: 'FORMAT', help: 'text (default) or json' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
} as const satisfies OptionTable;

/** What was typed, taken apart. */
export interface Parsed<Table extends OptionTable = OptionTable> {
  readonly values: Values<Table & typeof COMMON_OPTIONS>;
  /** Words that are no options. */
  readonly words: readonly string[];
  /** What belongs to somebody else, untouched: all from the first word on, or after `--`; undefined when there is none. */
  readonly rest: readonly string[] | undefined;
}

/** Names as they are typed: `--cpu`, `-o`. */
export function optionNames(table: OptionTable): string[] {
  return Object.entries(table).flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
}
