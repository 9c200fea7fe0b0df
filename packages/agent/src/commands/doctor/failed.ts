import { DeadlineError } from '@berth/base';
import { toBerthError } from '@berth/wire';
import { red, type Finding } from './finding.js';

/** What went wrong, as a finding: a promise that could not be looked at is not kept. */
export const failed =
  (signal: AbortSignal | undefined) =>
  (error: unknown): Finding => {
    signal?.throwIfAborted();
    if (error instanceof DeadlineError)
      return red(`it took longer than ${error.ms / 1000} s`, 'Try again; if it stays so, look at the load of the machine.');
    const { message, fix } = toBerthError(error);
    return red(message, fix);
  };
