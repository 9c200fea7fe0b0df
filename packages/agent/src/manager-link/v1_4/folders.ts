/** Virtual folders: directories below the root that operator and manager agreed on (`volumes/_mount`, seed spec 4.2). */
import { openDirectory, UnsafePathError } from '@berth/base';
import { IN_KERNEL, type KernelMount } from '@berth/wire';
import { join } from 'node:path';
import type { FolderMount } from './create-request.js';

/**
 * Each folder as a mount at /home/work/<name>, read and write as in 2018. No link is followed below the root. Throws `RangeError` with
 * one sentence when a folder is missing or not a directory.
 */
export async function folderMounts(root: string, folders: readonly FolderMount[]): Promise<KernelMount[]> {
  return Promise.all(
    folders.map(async ({ name, host, id }) => {
      const source = join(root, host, id);
      try {
        await (await openDirectory(root, [host, id])).close();
      } catch (error) {
        const why = error instanceof UnsafePathError ? error.message : (error as NodeJS.ErrnoException).code;
        throw new RangeError(
          `mounts: the folder ${JSON.stringify(name)} is not at ${source} (${why}); check volumes/_mount in etcd and that the volume is mounted`,
          { cause: error },
        );
      }
      return { source, target: `${IN_KERNEL.work}/${name}`, readOnly: false };
    }),
  );
}
