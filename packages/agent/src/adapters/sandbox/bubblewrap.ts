/** The program `bwrap` of this machine. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import { BerthError } from '@berth/wire';

const run = promisify(execFile);

const PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap', '/run/current-system/sw/bin/bwrap'];
const REMEDY = 'Install bubblewrap (`apt-get install bubblewrap`), or use Docker.';
/** `--perms` and `--size` came with 0.7.0; without them no place in memory would have a limit. */
const OLDEST = [0, 7, 0] as const;
/** `--disable-userns`. */
const WITHOUT_MORE_USERS = [0, 8, 0] as const;
const PATIENCE_MS = 10_000;

export interface Bubblewrap {
  readonly program: string;
  readonly version: string;
  /** It can keep what it starts from making user namespaces. */
  readonly disablesUserNamespaces: boolean;
}

/** Looks for the program at `places`. Errors: `driver-unavailable`, with the remedy. */
export async function findBubblewrap(places: readonly string[] = PLACES): Promise<Bubblewrap> {
  for (const program of places) {
    const executable = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!executable) continue;
    const said = await run(program, ['--version'], { env: {}, timeout: PATIENCE_MS }).catch((error: unknown) => {
      throw new BerthError('driver-unavailable', `${program} does not run: ${(error as Error).message}`, {
        fix: REMEDY,
        cause: error,
      });
    });
    const version = parseVersion(said.stdout);
    if (!version || isOlder(version, OLDEST)) {
      const shown = version?.join('.') ?? JSON.stringify(said.stdout.trim());
      throw new BerthError('driver-unavailable', `${program} is of version ${shown}; ${OLDEST.join('.')} or later is needed`, {
        fix: 'Install a newer bubblewrap, or use Docker.',
      });
    }
    return { program, version: version.join('.'), disablesUserNamespaces: !isOlder(version, WITHOUT_MORE_USERS) };
  }
  throw new BerthError('driver-unavailable', 'bubblewrap (bwrap) is not installed, which the sandbox driver needs', {
    fix: REMEDY,
  });
}

type Version = readonly [number, number, number];

/** From `bubblewrap 0.8.0`. Pure. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch = '0'] = /\b(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function isOlder(version: Version, than: Version): boolean {
  const at = version.findIndex((number, index) => number !== than[index]);
  return at >= 0 && version[at]! < than[at]!;
}
