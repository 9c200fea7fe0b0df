/** Console output of many small writes, as one message: a program that prints in a loop sends two messages for each line. */
import type { Inbox, Message } from './inbox.js';

const MOST_BYTES = 64 * 1024;

/** The next message, joined with those that go on in the same stream and are there already. */
export function takeJoined(inbox: Pick<Inbox, 'take' | 'mark' | 'back'>): Message | undefined {
  const message = inbox.take();
  if (!message || !isConsole(message)) return message;
  const [name, payload] = message as [Uint8Array, Uint8Array];
  const parts = [payload];
  for (let bytes = payload.length; bytes < MOST_BYTES;) {
    const mark = inbox.mark();
    const next = inbox.take();
    if (!next || !isConsole(next) || Buffer.compare(next[0]!, name) !== 0) {
      inbox.back(mark);
      break;
    }
    parts.push(next[1]!);
    bytes += next[1]!.length;
  }
  return parts.length === 1 ? message : [name, Buffer.concat(parts)];
}

function isConsole(message: Message): boolean {
  const [name] = message;
  if (message.length !== 2 || name?.length !== 6) return false;
  const text = Buffer.from(name).toString('latin1');
  return text === 'stdout' || text === 'stderr';
}
