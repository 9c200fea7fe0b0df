/** What a sandbox without Docker needs. */
import type { DoctorContext } from '../context.js';
import { check, green, yellow, type CheckEntry } from '../finding.js';
import { runProgram, text } from '../look.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `sandbox.${id}`, group: 'sandbox', title });

export interface BubblewrapFacts {
  /** What `bwrap --version` says; undefined when there is none. */
  readonly version: string | undefined;
  /** Exit code and words of a try with every namespace; undefined without bubblewrap. */
  readonly tried: { readonly exitCode: number; readonly stderr: string } | undefined;
}

const TRY = ['--ro-bind', '/', '/', '--unshare-all', '--die-with-parent', '--', 'true'];

export const bubblewrap = check(
  entry('bubblewrap', 'bubblewrap makes a sandbox'),
  async (_context: DoctorContext): Promise<BubblewrapFacts> => {
    const version = await runProgram('bwrap', ['--version']);
    return { version: version?.stdout.trim(), tried: version && (await runProgram('bwrap', TRY)) };
  },
  ({ version, tried }) => {
    if (version === undefined)
      return yellow(
        'there is none: sessions without Docker cannot run',
        '`apt-get install bubblewrap`, or that of your distribution.',
      );
    if (tried?.exitCode !== 0)
      return yellow(
        `${version}, but it may not make namespaces: ${tried?.stderr.trim().split('\n')[0] ?? 'it hung'}`,
        'Allow user namespaces; sandbox.user-namespaces says how.',
      );
    return green(`${version}; a try with every namespace worked`);
  },
);

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
