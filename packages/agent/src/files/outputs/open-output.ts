/** Opens a file that a scan of `.output` has found. */
import { constants } from 'node:fs';
import { type FileHandle } from 'node:fs/promises';
import { openBelow, pathNames, UnsafePathError } from '@berth/base';
import { fileError } from '../file-error.js';
import { OUTPUT_DIRECTORY } from '../output-scan.js';

/** `name` is relative to `.output`; no link is followed. The caller closes it. Errors: `no-such-file`, `unsafe-path`. */
export async function openOutput(workDirectory: string, name: string): Promise<FileHandle> {
  try {
    const handle = await openBelow(workDirectory, [OUTPUT_DIRECTORY, ...pathNames(name)], constants.O_RDONLY);
    try {
      if (!(await handle.stat()).isFile()) throw new UnsafePathError(`${JSON.stringify(name)} is not a regular file`);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw fileError(name, error);
  }
}
