/** What a node keeps, and where, below its data directory. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { BerthError } from '@berth/wire';

export interface DataLayout {
  readonly root: string;
  readonly state: string;
  readonly scratch: string;
  readonly carry: string;
  /** {@link NodeFile}; there while a node runs, or after one crashed. */
  readonly nodeFile: string;
  /** Key of the HTTP API, hexadecimal, mode 0600. */
  readonly keyFile: string;
  /** Log of a detached node. */
  readonly log: string;
}

export function dataLayout(root: string): DataLayout {
  return {
    root,
    state: join(root, 'state'),
    scratch: join(root, 'scratch'),
    carry: join(root, 'carry'),
    nodeFile: join(root, 'node.json'),
    keyFile: join(root, 'key'),
    log: join(root, 'node.log'),
  };
}

/** How to find the node that runs on a data directory. */
export interface NodeFile {
  readonly pid: number;
  readonly endpoint: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly ephemeral: boolean;
}

/**
 * Makes the directory (0700); `passable`: others may go through it, to what is theirs below, and list nothing. Resolves with its undo, for a start that fails: it removes what was made here, and nothing that
 * was there before. Errors: `state-unwritable`.
 */
export async function makeDataDirectory(
  { root }: DataLayout,
  { passable }: { readonly passable: boolean } = { passable: false },
): Promise<() => Promise<void>> {
  try {
    const made = await mkdir(root, { recursive: true, mode: 0o700 });
    if (passable) await chmod(root, ((await stat(root)).mode | 0o111) & 0o7777);
    return async () => {
      if (made !== undefined) await rm(made, { recursive: true, force: true });
    };
  } catch (error) {
    throw unwritable(root, error);
  }
}

/** The key, made at the first start. Errors: `state-unwritable`. */
export async function takeKey({ keyFile }: DataLayout): Promise<string> {
  const kept = await readKey(keyFile);
  if (kept !== undefined) return kept;
  const key = randomBytes(32).toString('hex');
  try {
    await replaceFile(keyFile, `${key}\n`);
  } catch (error) {
    throw unwritable(keyFile, error);
  }
  return key;
}

/** Undefined when there is none. */
export async function readKey(keyFile: string): Promise<string | undefined> {
  const text = await readFile(keyFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw new BerthError('file-unreadable', `${keyFile} cannot be read: ${error.message}`, { cause: error });
  });
  return text.trim() || undefined;
}

export async function writeNodeFile({ nodeFile }: DataLayout, node: NodeFile): Promise<void> {
  await replaceFile(nodeFile, `${JSON.stringify(node)}\n`);
}

/** Undefined when no node runs, as far as the file tells. */
export async function readNodeFile({ nodeFile }: DataLayout): Promise<NodeFile | undefined> {
  const text = await readFile(nodeFile, 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as NodeFile);
  } catch {
    return undefined;
  }
}

export async function removeNodeFile({ nodeFile }: DataLayout): Promise<void> {
  await rm(nodeFile, { force: true });
}

const unwritable = (path: string, error: unknown): BerthError =>
  new BerthError('state-unwritable', `${path} cannot be written: ${(error as Error).message}`, { cause: error });
