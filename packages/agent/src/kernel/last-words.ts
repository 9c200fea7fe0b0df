/** The end of what a run printed, for a message. */
import { decodeRecord, recordTypeOf, type RunView } from '@berth/wire';
import type { RunnerChannel } from '../ports/channel.js';

const RECORDS = 32;
const CHARACTERS = 2000;

/** Empty when it printed nothing. Does not count as a delivery. */
export async function lastWords(channel: RunnerChannel, { runId, lowest, highest }: RunView): Promise<string> {
  if (highest === 0) return '';
  const stream = await channel.attach(runId, { from: Math.max(1, lowest, highest - RECORDS) });
  const pieces: Uint8Array[] = [];
  try {
    for await (const batch of stream) {
      for (const { type, more, seq, payload } of batch) {
        const record = recordTypeOf(type);
        if (more || (record !== 'stdout' && record !== 'stderr')) continue;
        const decoded = decodeRecord(record, seq, payload);
        if ('data' in decoded) pieces.push(decoded.data as Uint8Array);
      }
      if (batch.at(-1)!.seq >= highest) break;
    }
  } finally {
    stream.close();
  }
  return Buffer.concat(pieces).toString().trim().slice(-CHARACTERS);
}
