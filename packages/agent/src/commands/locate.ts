/** Finding the node of a data directory. */
import { readFile } from 'node:fs/promises';
import { dataLayout, readKey, readNodeFile, type NodeFile } from './data-directory.js';

export interface Located {
  readonly node: NodeFile;
  readonly key: string;
}

/** The node that runs on `dataDir`; undefined when none does, also when one crashed and left its file. */
export async function locateNode(dataDir: string): Promise<Located | undefined> {
  const layout = dataLayout(dataDir);
  const node = await readNodeFile(layout);
  if (!node || !(await isAlive(node.pid))) return undefined;
  const key = await readKey(layout.keyFile);
  return key === undefined ? undefined : { node, key };
}

/** A process of that number runs Node; the number may have been given to somebody else since. */
async function isAlive(pid: number): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.includes('berth');
}
