/** Where a command reads and writes. Standard output carries results only; all else goes to standard error. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { TerminalSize } from '@berth/wire';
import { Interrupted } from './interrupts.js';

/** The terminal that a person sits at. */
export interface PersonalScreen {
  /** Its name for programs, for example `xterm-256color`. */
  readonly kind: string;
  size(): TerminalSize;
  /** Calls `changed` when the size has changed; call the result to stop. */
  onResize(changed: () => void): () => void;
  /** True: keys come as they are pressed, and none of them is a signal. */
  raw(on: boolean): void;
}

export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** True when a person types, and sees what is written to standard error. */
  readonly stdinIsTTY: boolean;
  readonly stderrIsTTY: boolean;
  /** Undefined unless a person types and sees what is written to standard output. */
  readonly screen?: PersonalScreen | undefined;
  readonly colour: boolean;
  /** Image for sessions that name none. */
  readonly defaultImage: string;
}

/**
 * Writes and resolves when there is room for more: the pace of the reader is the pace of the writer. Rejects with
 * {@link Interrupted} when the reader is gone.
 */
export async function write(stream: Writable, data: string | Uint8Array): Promise<void> {
  if (stream.write(data)) return;
  await once(stream, 'drain').catch(() => {
    throw new Interrupted('SIGPIPE');
  });
}

export const writeLine = (stream: Writable, line: string): Promise<void> => write(stream, `${line}\n`);
export const writeJson = (stream: Writable, value: unknown): Promise<void> => writeLine(stream, JSON.stringify(value));

/** A line about the program itself: `berth: text`, on standard error. */
export async function notice({ stderr, colour }: Terminal, text: string): Promise<void> {
  await writeLine(
    stderr,
    `${colour ? styleText(['red', 'bold'], 'berth:', { validateStream: false }) : 'berth:'} ${oneLine(text)}`,
  );
}

/** Control characters, which may come from anywhere, must not steer the terminal. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

/** Columns, wide enough for their cells, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
