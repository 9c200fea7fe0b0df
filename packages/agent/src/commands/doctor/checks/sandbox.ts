/** What a sandbox without Docker needs. */
import type { BerthError } from '@berth/wire';
import type { DriverInfo } from '../../../ports/driver.js';
import type { DoctorContext } from '../context.js';
import { check, green, red, yellow, type CheckEntry } from '../finding.js';
import { text } from '../look.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `sandbox.${id}`, group: 'sandbox', title });

export interface SandboxFacts {
  readonly answer: DriverInfo | BerthError | undefined;
  /** Without it this node starts no session. */
  readonly needed: boolean;
}

const look = ({ drivers, needed }: DoctorContext): Promise<SandboxFacts> =>
  Promise.resolve({ answer: drivers.get('sandbox'), needed: needed.has('sandbox') });

export const bubblewrap = check(entry('bubblewrap', 'bubblewrap makes a sandbox'), look, ({ answer, needed }) => {
  if (answer === undefined) return green('not looked at');
  if (!(answer instanceof Error)) return green(answer.description);
  return needed
    ? red(`${answer.message}; no session can run`, answer.fix)
    : yellow(`${answer.message}; this node does not need it`, answer.fix);
});

export const limits = {
  ...check(entry('limits', 'sandboxes have every limit'), look, ({ answer }) => {
    const { missing = [] } = answer === undefined || answer instanceof Error ? {} : answer;
    if (missing.length === 0) return green('memory, CPU, cores and processes');
    return yellow(missing.join(' '), 'Start the node as root on a machine with these controllers, or use Docker.');
  }),
  needs: 'sandbox' as const,
};

export const isolation = {
  ...check(
    { id: 'plain.limits', group: 'sandbox', title: 'sessions are isolated' },
    ({ drivers }: DoctorContext) => Promise.resolve(drivers.get('plain')),
    (answer) =>
      yellow(
        answer === undefined || answer instanceof Error ? 'not known' : (answer.missing ?? []).join(' '),
        'Leave out `--isolation none` (BERTH_ISOLATION) once Docker or bubblewrap can be used; see docker.engine and sandbox.bubblewrap.',
      ),
  ),
  needs: 'plain' as const,
};

export interface NamespaceFacts {
  /** Texts of the switches; undefined where the kernel has no such switch. */
  readonly most: string | undefined;
  readonly unprivileged: string | undefined;
  readonly appArmorRestricts: string | undefined;
}

export const userNamespaces = check(
  entry('user-namespaces', 'user namespaces for ordinary users'),
  async (_context: DoctorContext): Promise<NamespaceFacts> => ({
    most: await text('/proc/sys/user/max_user_namespaces'),
    unprivileged: await text('/proc/sys/kernel/unprivileged_userns_clone'),
    appArmorRestricts: await text('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
  }),
  ({ most, unprivileged, appArmorRestricts }) => {
    if (most === undefined)
      return yellow('this kernel has none', 'Use a kernel with CONFIG_USER_NS, or run the node as root, or with Docker.');
    if (most === '0')
      return yellow('the limit is 0', '`sysctl -w user.max_user_namespaces=15000`, and in /etc/sysctl.d to stay.');
    if (unprivileged === '0')
      return yellow('for root only', '`sysctl -w kernel.unprivileged_userns_clone=1`, and in /etc/sysctl.d to stay.');
    if (appArmorRestricts === '1')
      return yellow(
        'AppArmor restricts them to programs with a profile',
        'Give /usr/bin/bwrap a profile with `userns`, or `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`.',
      );
    return green(`allowed, at most ${most}`);
  },
);
