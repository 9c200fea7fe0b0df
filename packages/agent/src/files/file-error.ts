/** Failures on the way to a file of a kernel, in the words of the closed list. */
import { TarError, TooMuchError, UnsafePathError } from '@berth/base';
import { BerthError, type ErrorCode } from '@berth/wire';

/** What the system says of a path, and what that means for whoever asked. */
const MEANINGS: Readonly<Record<string, readonly [ErrorCode, (path: string) => string]>> = {
  ENOENT: ['no-such-file', (path) => `there is no file ${path}`],
  ELOOP: ['unsafe-path', (path) => `a link stands on the way to ${path}, and is not followed`],
  ENOTDIR: ['unsafe-path', (path) => `${path} is no directory, or passes something that is none`],
  EISDIR: ['unsafe-path', (path) => `${path} is a directory`],
  ENXIO: ['unsafe-path', (path) => `${path} is not a regular file`],
  EEXIST: ['unsafe-path', (path) => `${path} is there already, and is something else`],
  EINVAL: ['unsafe-path', (path) => `${path} cannot be put there`],
  ENOTEMPTY: ['unsafe-path', (path) => `the directory ${path} is not empty`],
  ENAMETOOLONG: ['path-too-long', (path) => `a name in ${path} is too long`],
  EACCES: ['file-unreadable', (path) => `the owner of ${path} has closed it, or a directory on the way`],
  EPERM: ['file-unreadable', (path) => `${path} belongs to another user`],
  ENOSPC: ['disk-full', (path) => `there is no room left for ${path}`],
  EDQUOT: ['disk-full', (path) => `there is no room left for ${path}`],
};

/** What went wrong on the way to `path`, from the closed list where it is known; anything else as it is. */
export function fileError(path: string, error: unknown): unknown {
  const more = { fields: { path }, cause: error };
  if (error instanceof UnsafePathError) return new BerthError('unsafe-path', `the path is not taken: ${error.message}`, more);
  if (error instanceof TooMuchError) return new BerthError('too-large', error.message, more);
  if (error instanceof TarError)
    return new BerthError('bad-request', error.message, { ...more, fix: 'Send a tar archive (ustar, pax or GNU tar).' });
  const meaning = MEANINGS[(error as NodeJS.ErrnoException).code ?? ''];
  return meaning ? new BerthError(meaning[0], meaning[1](JSON.stringify(path)), more) : error;
}
