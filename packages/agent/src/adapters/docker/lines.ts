import type { Readable } from 'node:stream';
import { BerthError } from '@berth/wire';

/** Far above what any line of Docker's takes; a stream that exceeds it is damaged. */
const LINE_LIMIT = 1024 * 1024;

/** Whole lines of a stream that are not empty. `what` names the stream in errors. Errors: `driver-unavailable` for a line of 1 MiB and more. */
export async function* linesOf(stream: Readable, what: string): AsyncGenerator<string> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LIMIT) throw new BerthError('driver-unavailable', `${what} of Docker is damaged`);
    yield* lines.filter((line) => line.trim() !== '');
  }
}
