/** Of all that is mounted in a session, only places of its own can be written. */
import { IN_KERNEL } from '@berth/wire';
import { green, red, type Finding } from '../finding.js';
import { reporting, type Probe } from './probe.js';

/** Whatever the user may write is no question here: a later user of the same file system may be another. */
const CODE = `
const lines = require('node:fs').readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\\n');
const mounts = lines.map((line) => {
  const [before, after] = line.split(' - ');
  const words = before.split(' ');
  return { target: words[4], type: after.split(' ')[0], readOnly: words[5].split(',').includes('ro') };
});
console.log(JSON.stringify({ writable: mounts.filter((mount) => !mount.readOnly).slice(0, 100) }));
`;

export interface MountReport {
  readonly writable: readonly { readonly target: string; readonly type: string }[];
}

const OWN = [IN_KERNEL.work, IN_KERNEL.run];
/** Of the session alone: memory, its own processes, devices and message queues. */
const PRIVATE = ['tmpfs', 'ramfs', 'proc', 'devpts', 'mqueue'];

export function judgeMounts({ writable }: MountReport): Finding {
  const odd = writable.filter(
    ({ target, type }) =>
      target === '/' ||
      !(
        PRIVATE.includes(type) ||
        OWN.some((own) => target === own || target.startsWith(`${own}/`)) ||
        target.startsWith('/dev/')
      ),
  );
  if (odd.length > 0)
    return red(
      `writable in a session: ${odd
        .slice(0, 5)
        .map(({ target, type }) => `${target} (${type})`)
        .join(', ')}`,
      'This is a defect in Berth or in the driver; please report it.',
    );
  return green('all but /home/work and places in memory');
}

export const readOnly: Probe = {
  id: 'read-only',
  title: 'the root file system is read-only',
  missing: /^The root file system /,
  run: reporting(CODE, judgeMounts),
};
