/** A copy of a file that its program may still be writing. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { readSteadily, type SteadyLimits, type SteadyRead } from './steady.js';

/** Copies an open regular file to the new file `target` (mode 0600). Errors: those of {@link readSteadily}, and of the disk. */
export async function snapshot(source: FileHandle, target: string, limits: SteadyLimits): Promise<SteadyRead> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const copy = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    return await readSteadily(source, limits, {
      begin: () => copy.truncate(0),
      async take(bytes, at) {
        for (let written = 0; written < bytes.length;)
          written += (await copy.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
      },
    });
  } finally {
    await copy.close();
  }
}
