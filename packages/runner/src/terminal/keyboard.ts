/** From the runner to the terminal: what is typed. */
import type { Socket } from 'node:net';

const LINE_FEED = 0x0a;
/** Ctrl-D: what is in the line is handed over; in an empty line that is the end. */
const END_OF_FILE = '\x04';

/** Types what comes from `typed`, no faster than programs read. The end of it does not close the terminal: it is typed, as a person would. */
export function typeOn(terminal: Socket, typed: Socket): void {
  let last = LINE_FEED;
  typed.on('error', () => {});
  typed.on('data', (data: Buffer) => {
    last = data.at(-1) ?? last;
    if (!terminal.write(data)) typed.pause();
  });
  terminal.on('drain', () => typed.resume());
  typed.once('end', () => terminal.write(last === LINE_FEED ? END_OF_FILE : END_OF_FILE.repeat(2)));
}
