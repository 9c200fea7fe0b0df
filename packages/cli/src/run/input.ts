/** Standard input of this program, to the run. */
import { fstatSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Attachment } from '@berth/client';
import type { Terminal } from '../terminal.js';

/** False when standard input holds nothing for certain (/dev/null): then the run need not expect any. */
export function hasInput(terminal: Pick<Terminal, 'stdinIsTTY'>): boolean {
  return terminal.stdinIsTTY || !fstatSync(0).isCharacterDevice();
}

/** Passes on all input, then its end; no faster than the run takes it. */
export async function forwardInput({ stdin }: Terminal, attachment: Pick<Attachment, 'write' | 'endInput'>): Promise<void> {
  for await (const chunk of stdin) await attachment.write(chunk as Uint8Array);
  attachment.endInput();
}

/** Answers requests for input, line by line. */
export class Answers {
  readonly #terminal: Terminal;
  #lines: AsyncIterator<string> | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** The next line, or undefined at the end. The prompt goes to standard error, so that standard output stays the program's. */
  async next(prompt: string, password: boolean): Promise<string | undefined> {
    const { stdin, stderr, stdinIsTTY } = this.#terminal;
    if (stdinIsTTY) return this.#ask(prompt, password);
    stderr.write(prompt);
    this.#lines ??= createInterface({ input: stdin })[Symbol.asyncIterator]();
    const { value, done } = await this.#lines.next();
    return done ? undefined : value;
  }

  /** With a line editor; a password is typed blindly. */
  async #ask(prompt: string, password: boolean): Promise<string | undefined> {
    const { stdin, stderr } = this.#terminal;
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const editor = createInterface({ input: stdin, output: password ? nowhere : stderr, terminal: true });
    editor.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    if (password) stderr.write(prompt);
    try {
      return await new Promise((resolve) => {
        editor.on('close', () => resolve(undefined));
        editor.question(password ? '' : prompt, resolve);
      });
    } finally {
      editor.close();
      if (password) stderr.write('\n');
    }
  }
}
