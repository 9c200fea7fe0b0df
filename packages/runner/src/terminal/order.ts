/** What the runner says to the holder of a terminal, one JSON object per line: first an order, then sizes. */
import type { TerminalSize } from '@berth/wire';

export interface TerminalOrder extends TerminalSize {
  /** The whole command line. */
  readonly argv: readonly string[];
  /** Environment of the program. */
  readonly env: Readonly<Record<string, string>>;
}

/** Descriptors of the holder beside its standard input (what is typed) and output (what the screen shows). */
export const HOLDER_FDS = {
  /** To the runner: why the program could not be started, as text for people. */
  complaint: 3,
  /** From the runner: {@link TerminalOrder} and sizes. */
  orders: 4,
} as const;
