/** What a run has left in `.output`, brought to this machine. */
import { createHash } from 'node:crypto';
import { mkdir, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories, pathNames, putFile } from '@berth/base';
import { BerthError, type OutputEntry } from '@berth/wire';
import { localError, patiently, type Transfer } from './transfer.js';

/** Writes the files of a run into `directory`, which is made; each is there whole, with the sum that the node told, or not at all. */
export async function saveOutputs(
  transfer: Transfer,
  { session, files, directory }: { readonly session: string; readonly files: readonly OutputEntry[]; readonly directory: string },
): Promise<void> {
  if (files.length === 0) return;
  try {
    await mkdir(directory, { recursive: true });
    const root = await open(await realpath(directory), 'r');
    try {
      for (const file of files) await save(transfer, session, file, root);
    } finally {
      await root.close();
    }
  } catch (error) {
    throw localError(directory, error);
  }
}

async function save(
  transfer: Transfer,
  session: string,
  { name, sha256 }: OutputEntry,
  root: Awaited<ReturnType<typeof open>>,
): Promise<void> {
  const names = pathNames(name);
  const target = await makeDirectories(root, names.slice(0, -1));
  try {
    await patiently(transfer, async () => {
      const { content } = await transfer.client.openFile(session, join('.output', name), { signal: transfer.signal });
      const hash = createHash('sha256');
      const hashed = async function* () {
        for await (const chunk of content) {
          hash.update(chunk);
          yield chunk;
        }
      };
      const verify = () => {
        if (hash.digest('hex') !== sha256)
          throw new BerthError('file-unreadable', `${name} has changed since the run`, { fix: 'Copy it with `berth cp`.' });
      };
      await putFile(root, target, names.at(-1)!, hashed(), { verify });
    });
  } finally {
    await target.close();
  }
}
