/** Whether this machine lets us make sandboxes, tried once. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BerthError } from '@berth/wire';
import type { Bubblewrap } from './bubblewrap.js';
import type { Maker } from './command.js';

const run = promisify(execFile);
const PATIENCE_MS = 20_000;

const NAMESPACES = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net'];
const VIEW = ['--dev-bind', '/', '/', '--proc', '/proc'];

/** An ordinary user needs them twice: the runner makes some more for each of its programs. */
export function trialOf({ program }: Pick<Bubblewrap, 'program'>, { uid, gid }: Maker): readonly string[] {
  const outer = [program, ...NAMESPACES];
  if (uid === 0) return [...outer, '--cap-drop', 'ALL', ...VIEW, '--', '/bin/true'];
  const user = ['--unshare-user', '--uid', String(uid), '--gid', String(gid), '--cap-drop', 'ALL'];
  return [...outer, ...user, ...VIEW, '--', program, ...user, '--unshare-pid', '--as-pid-1', ...VIEW, '--', '/bin/true'];
}

/** All mounts of this machine are shown, and one that a container takes along as it ends fails the whole. */
const TRIALS = 3;

/** Errors: `driver-forbidden` with the remedy, when it is refused time and again. */
export async function tryOnce(bubblewrap: Bubblewrap, maker: Maker): Promise<void> {
  const [program, ...args] = trialOf(bubblewrap, maker);
  for (let trial = 1; ; trial++) {
    try {
      await run(program!, args, { env: {}, cwd: '/', timeout: PATIENCE_MS });
      return;
    } catch (error) {
      if (trial < TRIALS) continue;
      const { stderr = '' } = error as { stderr?: string };
      const said = stderr.trim().split('\n').at(-1) || (error as Error).message;
      throw new BerthError('driver-forbidden', `this machine refuses sandboxes to user ${maker.uid}: ${said.slice(0, 500)}`, {
        fix: remedy(maker),
        cause: error,
      });
    }
  }
}

function remedy({ uid }: Maker): string {
  if (uid === 0) return 'Give the node the right to make namespaces (CAP_SYS_ADMIN), or use Docker.';
  return (
    'Allow user namespaces (`sysctl -w user.max_user_namespaces=10000`; where they exist also `sysctl -w kernel.unprivileged_userns_clone=1` ' +
    'and `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`), start the node as root, or use Docker.'
  );
}
