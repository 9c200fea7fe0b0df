/** From a session to this machine. */
import { mkdir, open, realpath, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { extractTar, putFile } from '@berth/base';
import { BerthError, type FileEntry } from '@berth/wire';
import { write } from '../terminal.js';
import { progressLine } from './progress-line.js';
import { localError, patiently, type Copied, type Transfer } from './transfer.js';

export interface DownloadOptions {
  readonly session: string;
  readonly entry: FileEntry;
  /** A name of this machine, or `-` for standard output. */
  readonly to: string;
  readonly recursive: boolean;
}

/** A file or directory of a session. Errors: `bad-usage` for a directory without `recursive`, `file-unreadable`, `disk-full`; those of the node. */
export async function download(transfer: Transfer, { session, entry, to, recursive }: DownloadOptions): Promise<Copied> {
  const from = `${session}:${entry.path}`;
  if (entry.type === 'directory' && !recursive)
    throw new BerthError('bad-usage', `${from} is a directory`, { fix: 'Copy it with all that is in it: `berth cp -r`.' });
  if (entry.type === 'directory' && to === '-')
    throw new BerthError('bad-usage', `${from} is a directory, and standard output takes files only`, {
      fix: 'Name a directory of this machine.',
    });
  if (to === '-') return { from, to, bytes: await toOutput(transfer, session, entry) };
  const target = await targetOf(to, entry);
  const bytes =
    entry.type === 'directory'
      ? await toDirectory(transfer, session, entry, target)
      : await toFile(transfer, session, entry, target);
  return { from, to: target, bytes };
}

/** Into a directory that is there, under its own name; else under the new one. */
async function targetOf(to: string, entry: FileEntry): Promise<string> {
  const isDirectory = await stat(to).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return isDirectory || to.endsWith('/') ? join(to, entry.path === '.' ? '' : basename(entry.path)) : to;
}

async function toOutput(transfer: Transfer, session: string, entry: FileEntry): Promise<number> {
  const line = progressLine(transfer.terminal, basename(entry.path), entry.size);
  let bytes = 0;
  try {
    for await (const chunk of line.count(contentOf(transfer, session, entry))) {
      bytes += chunk.length;
      await write(transfer.terminal.stdout, chunk);
    }
    return bytes;
  } finally {
    line.end();
  }
}

async function toFile(transfer: Transfer, session: string, entry: FileEntry, target: string): Promise<number> {
  const line = progressLine(transfer.terminal, basename(entry.path), entry.size);
  try {
    const directory = await openLocal(dirname(resolve(target)));
    try {
      const content = line.count(contentOf(transfer, session, entry));
      const { mode, mtimeMs } = entry;
      return (await putFile(directory, directory, basename(target), content, { mode: mode & 0o777, mtimeMs })).size;
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw localError(target, error);
  } finally {
    line.end();
  }
}

async function toDirectory(transfer: Transfer, session: string, entry: FileEntry, target: string): Promise<number> {
  const { client, terminal, signal } = transfer;
  const line = progressLine(terminal, entry.path, undefined);
  try {
    await mkdir(target, { recursive: true });
    const content = await client.getArchive(session, `${entry.path}/.`, { signal });
    return (await extractTar(await realpath(target), [], line.count(content))).bytes;
  } catch (error) {
    throw localError(target, error);
  } finally {
    line.end();
  }
}

/** All of a file; where the node goes away it goes on once it is back, if the file is still the same. Errors: `file-unreadable` when it is not. */
async function* contentOf(transfer: Transfer, session: string, { path }: FileEntry): AsyncGenerator<Uint8Array> {
  const { client, signal } = transfer;
  const begin = (from: number, etag?: string) =>
    patiently(transfer, () => client.openFile(session, path, { from, etag, signal }));
  let opened = await begin(0);
  const { etag, size } = opened;
  for (let at = 0; ;) {
    try {
      for await (const chunk of opened.content) {
        at += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== 'node-lost' || at >= size) throw error;
    }
    opened = await begin(at, etag);
    if (opened.etag !== etag || opened.from !== at)
      throw new BerthError('file-unreadable', `${session}:${path} was changed while it was copied`, { fix: 'Copy it again.' });
  }
}

const openLocal = async (path: string) => open(await realpath(path), constants.O_RDONLY | constants.O_DIRECTORY);
