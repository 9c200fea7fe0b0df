/** From this machine into a session. */
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { archiveTree } from '@berth/base';
import { BerthError } from '@berth/wire';
import { progressLine } from './progress-line.js';
import { localError, patiently, type Copied, type Transfer } from './transfer.js';

export interface UploadOptions {
  readonly session: string;
  /** Where to, relative to /home/work. */
  readonly path: string;
  /** `path` is a directory that is to hold it; otherwise it gets that name. */
  readonly into: boolean;
  readonly recursive: boolean;
  /** Have the node compare sums. */
  readonly check: boolean;
}

/** A file or directory of this machine. Errors: `file-unreadable`, `bad-usage` for a directory without `recursive`; those of the node. */
export async function upload(transfer: Transfer, from: string, options: UploadOptions): Promise<Copied> {
  const stats = await local(from, () => stat(from));
  const name = basename(resolve(from));
  const path = options.into ? (options.path === '.' ? name : `${options.path}/${name}`) : options.path;
  const bytes = stats.isDirectory()
    ? await uploadDirectory(transfer, from, { ...options, path })
    : await uploadFile(transfer, from, stats, { ...options, path });
  return { from, to: `${options.session}:${path}`, bytes };
}

/** Standard input. */
export async function uploadInput({ client, terminal, signal }: Transfer, { session, path }: UploadOptions): Promise<Copied> {
  const line = progressLine(terminal, path, undefined);
  try {
    const content = line.count(terminal.stdin as AsyncIterable<Uint8Array>);
    const { size } = await client.putFile(session, path, stream(content), { signal });
    return { from: '-', to: `${session}:${path}`, bytes: size };
  } finally {
    line.end();
  }
}

async function uploadFile(
  transfer: Transfer,
  from: string,
  { size: total, mode }: Stats,
  { session, path, check }: UploadOptions,
): Promise<number> {
  const { client, terminal, signal } = transfer;
  const sha256 = check ? await local(from, () => sumOf(from)) : undefined;
  const line = progressLine(terminal, basename(from), total);
  try {
    return await patiently(transfer, async () => {
      const content = line.count(createReadStream(from, { highWaterMark: 256 * 1024 }));
      const { size } = await sendLocal(from, content, (body) => client.putFile(session, path, body, { signal, mode, sha256 }));
      return size;
    });
  } finally {
    line.end();
  }
}

async function uploadDirectory(transfer: Transfer, from: string, options: UploadOptions): Promise<number> {
  const { client, terminal, signal } = transfer;
  const { session, path, recursive } = options;
  if (!recursive)
    throw new BerthError('bad-usage', `${from} is a directory`, { fix: 'Copy it with all that is in it: `berth cp -r`.' });
  const measured = () => local(from, async () => archiveTree(await realpath(from), '.', { mostBytes: Infinity, rootName: '.' }));
  return patiently(transfer, async () => {
    const { bytes, content } = await measured();
    const line = progressLine(terminal, basename(resolve(from)), bytes);
    try {
      const send = (body: ReadableStream<Uint8Array>) => client.putArchive(session, path, body, { signal });
      return (await sendLocal(from, line.count(content), send)).bytes;
    } finally {
      line.end();
    }
  });
}

const stream = (content: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> =>
  Readable.toWeb(Readable.from(content, { objectMode: false, highWaterMark: 256 * 1024 })) as ReadableStream<Uint8Array>;

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** Sends what is read here. That reading failed is told as such, and not as a connection that broke because of it. */
async function sendLocal<T>(
  path: string,
  content: AsyncIterable<Uint8Array>,
  send: (body: ReadableStream<Uint8Array>) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  const watched = async function* () {
    try {
      yield* content;
    } catch (error) {
      failure = localError(path, error);
      throw error;
    }
  };
  return send(stream(watched())).catch((error: unknown) => {
    throw failure ?? error;
  });
}

async function local<T>(path: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    throw localError(path, error);
  }
}
