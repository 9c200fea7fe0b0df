/** Places that `berth cp` and `berth ls` are told: files of this machine, and of sessions. Pure. */
import { BerthError, ID_PATTERN, IN_KERNEL } from '@berth/wire';

export interface RemotePlace {
  readonly session: string;
  /** Relative to /home/work; `.` is that itself. */
  readonly path: string;
  /** It ended with a slash: a directory is meant. */
  readonly directory: boolean;
}

/** `SESSION:PATH`; undefined for a word that is no such place, but one of this machine. Errors: `bad-usage` for a path outside of /home/work. */
export function remotePlace(word: string): RemotePlace | undefined {
  const colon = word.indexOf(':');
  const session = word.slice(0, colon);
  // As in other programs: a file of this machine with such a name is written ./name:name.
  if (colon < 1 || !ID_PATTERN.test(session)) return undefined;
  return { session, ...pathInSession(word.slice(colon + 1)) };
}

/** A path as typed, absolute or relative to /home/work. Errors: `bad-usage`. */
export function pathInSession(typed: string): Pick<RemotePlace, 'path' | 'directory'> {
  const { work } = IN_KERNEL;
  const isWork = typed === work || typed.startsWith(`${work}/`);
  if (typed.startsWith('/') && !isWork)
    throw new BerthError('bad-usage', `${JSON.stringify(typed)} is outside of ${work}`, {
      fix: `Files of a session are below ${work}; \`berth exec\` reaches the others.`,
    });
  const path = (isWork ? typed.slice(work.length) : typed).replace(/^\/+|\/+$/g, '');
  return { path: path || '.', directory: path === '' || typed.endsWith('/') };
}
