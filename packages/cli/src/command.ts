/** What a command is, and what it may use. */
import type { OptionTable, Parsed } from './args/option.js';
import type { Interrupts } from './interrupts.js';
import type { NodeAccess } from './node/access.js';
import type { Terminal } from './terminal.js';

export interface Command<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Lines after `berth`. */
  readonly usage: readonly string[];
  /** Paragraphs of the help. */
  readonly details?: readonly string[];
  readonly options: Table;
  /** Options that stand in a table elsewhere, loaded when this command is asked for. */
  readonly moreOptions?: () => Promise<OptionTable>;
  /** How many words it takes that are no options. */
  readonly words: { readonly min: number; readonly max: number };
  /** What is missing when there are too few. */
  readonly wordNames?: string;
  /** Options end after so many words of its own: what follows is somebody else's. */
  readonly ownWords?: number;
  /** Lines after `berth`, each with what it does. */
  readonly examples: readonly (readonly [string, string])[];
  /** Resolves with the exit code. */
  run(call: Parsed<Table>, context: Context): Promise<number>;
}

/** Keeps the types of the options while the command is written, and forgets them in the list of commands. */
export const defineCommand = <const Table extends OptionTable>(command: Command<Table>): Command => command as unknown as Command;

/** With all its options at hand. */
export async function complete(command: Command): Promise<Command> {
  return command.moreOptions ? { ...command, options: { ...command.options, ...(await command.moreOptions()) } } : command;
}

export interface Context {
  readonly terminal: Terminal;
  readonly interrupts: Interrupts;
  readonly nodes: NodeAccess;
  /** All commands, for the help. */
  readonly commands: readonly Command[];
  /** `-o json` */
  readonly json: boolean;
}
