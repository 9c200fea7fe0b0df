/** Where the records of a run go: the program's bytes to the same streams, all else to standard error or files. */
import { writeFile } from 'node:fs/promises';
import type { RunRecord } from '@berth/wire';
import { notice, write, writeJson, type Terminal } from '../terminal.js';
import { endNotice } from './exit-code.js';

/** Takes a record; resolves when it is written, so that reading goes no faster than writing. */
export type RecordSink = (record: RunRecord) => Promise<void>;

/** Text, or with `json` one object per line on standard output. */
export function recordSink(terminal: Terminal, run: string, json: boolean): RecordSink {
  return json ? (record) => writeJson(terminal.stdout, jsonOf(record)) : (record) => writeText(terminal, run, record);
}

async function writeText(terminal: Terminal, run: string, record: RunRecord): Promise<void> {
  switch (record.type) {
    case 'stdout':
    case 'stderr':
      return write(terminal[record.type], record.data);
    case 'media':
      return keepFile(terminal, fileName(run, record.seq, record.mime), Buffer.from(record.data, record.encoding), record.mime);
    case 'html':
      return keepFile(terminal, fileName(run, record.seq, 'text/html'), record.text, 'text/html');
    case 'log':
      return notice(terminal, record.text);
    case 'gap':
      return notice(terminal, `${record.bytes} bytes of output are no longer kept`);
    case 'finished': {
      const text = endNotice(record);
      return text === undefined ? undefined : notice(terminal, text);
    }
    case 'waiting-input':
    case 'clean-finished':
    case 'build-finished':
      return;
  }
}

/** A fixed list: the type comes from the program, the name of a file on this machine must not. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/svg+xml': 'svg',
  'application/pdf': 'pdf',
  'application/json': 'json',
  'text/html': 'html',
  'text/plain': 'txt',
};

export const fileName = (run: string, seq: number, mime: string): string =>
  `berth-${run.slice(0, 8)}-${seq}.${EXTENSIONS[mime] ?? 'bin'}`;

/** Never over an existing file, nor through a link. */
async function keepFile(terminal: Terminal, name: string, content: string | Uint8Array, mime: string): Promise<void> {
  try {
    await writeFile(name, content, { flag: 'wx' });
    await notice(terminal, `${mime} was written to ${name}`);
  } catch (error) {
    await notice(terminal, `${mime} could not be written to ${name}: ${(error as Error).message}`);
  }
}

/** Bytes as text where they are text, else as base64. */
function jsonOf(record: RunRecord): object {
  if (record.type !== 'stdout' && record.type !== 'stderr') return record;
  const bytes = Buffer.from(record.data.buffer, record.data.byteOffset, record.data.byteLength);
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes);
  return { ...record, data: isText ? text : bytes.toString('base64'), encoding: isText ? 'utf8' : 'base64' };
}
