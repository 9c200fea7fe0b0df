/** Failures on the way to a file of a kernel, in the words of the closed list. */
import { UnsafePathError } from '@berth/base';
import { BerthError } from '@berth/wire';

/** What went wrong on the way to `path`, from the closed list where it is known: `unsafe-path`, `no-such-file`. */
export function fileError(path: string, error: unknown): unknown {
  const fields = { path };
  if (error instanceof UnsafePathError)
    return new BerthError('unsafe-path', `the path is not taken: ${error.message}`, { fields, cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return new BerthError('no-such-file', `there is no file ${JSON.stringify(path)}`, { fields, cause: error });
  if (code === 'EISDIR' || code === 'ENXIO') {
    return new BerthError('unsafe-path', `${JSON.stringify(path)} is not a regular file`, { fields, cause: error });
  }
  return error;
}
