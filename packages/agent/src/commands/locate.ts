/** Finding the node of a data directory. */
import { dataLayout, readKey, readNodeFile, type NodeFile } from './data-directory.js';
import { isLocked } from './lock.js';

export interface Located {
  readonly node: NodeFile;
  readonly key: string;
}

/** The node that runs on `dataDir`; undefined when none does, also when one crashed and left its file. */
export async function locateNode(dataDir: string): Promise<Located | undefined> {
  const layout = dataLayout(dataDir);
  const node = await readNodeFile(layout);
  if (!node || !(await isLocked(layout.root))) return undefined;
  const key = await readKey(layout.keyFile);
  return key === undefined ? undefined : { node, key };
}
