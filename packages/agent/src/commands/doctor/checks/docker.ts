/** The Docker Engine: whether it can be used, and how well it is set up for sessions. */
import { API_VERSION, type EngineFacts } from '../../../adapters/docker/index.js';
import { toBerthError, type BerthError } from '@berth/wire';
import { isUsable, type DoctorContext } from '../context.js';
import { check, green, red, worst, yellow, type CheckEntry, type Finding } from '../finding.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `docker.${id}`, group: 'docker', title });

interface Reached {
  readonly facts: EngineFacts | BerthError;
  /** Without it this node starts no session. */
  readonly needed: boolean;
  /** Names of other drivers that can be used. */
  readonly others: readonly string[];
}

export const engine = check(
  entry('engine', 'Docker answers'),
  async (context: DoctorContext): Promise<Reached> => ({
    facts: await context.engine().catch(toBerthError),
    needed: context.needed.has('docker'),
    others: [...context.drivers.keys()].filter((name) => name !== 'docker' && isUsable(context.drivers, name)),
  }),
  ({ facts, needed, others }) => {
    if (facts instanceof Error) {
      const { message, fix } = facts;
      if (!needed) return yellow(`${message}; this node does not need it`, fix);
      const or = others.length > 0 ? ` Or do without: BERTH_DRIVER=${others[0]} (\`berth up --driver ${others[0]}\`).` : '';
      return red(`${message}; no session can run`, `${fix}${or}`);
    }
    const says = `Docker Engine ${facts.version}, API ${facts.minApiVersion} to ${facts.apiVersion}`;
    if (compare(facts.apiVersion, API_VERSION) < 0) return red(says, 'Use a Docker Engine of version 20.10 or later.');
    if (facts.minApiVersion !== '' && compare(facts.minApiVersion, API_VERSION) > 0)
      return red(
        `${says}: it no longer speaks ${API_VERSION}`,
        `Let it speak ${API_VERSION}: \`"min-api-version": "${API_VERSION}"\` in /etc/docker/daemon.json, or DOCKER_MIN_API_VERSION=${API_VERSION} for dockerd.`,
      );
    return green(says);
  },
);

/** For the checks that only have something to say when Docker answers. */
const ofEngine = (id: string, title: string, judge: (facts: EngineFacts) => Finding) => ({
  ...check(entry(id, title), (context: DoctorContext) => context.engine(), judge),
  needs: 'docker' as const,
});

export const storage = ofEngine('storage', 'storage driver', ({ storageDriver, storageStatus }) => {
  const backing = storageStatus.find(([name]) => name === 'Backing Filesystem')?.[1];
  const says = backing === undefined ? storageDriver : `${storageDriver} on ${backing}`;
  const dType = storageStatus.find(([name]) => name === 'Supports d_type')?.[1];
  if (dType === 'false')
    return red(`${says} without d_type: images break`, 'Put the data of Docker on ext4, or on xfs that was made with ftype=1.');
  const fix = 'Use overlay2: `"storage-driver": "overlay2"` in /etc/docker/daemon.json; images and containers must be made anew.';
  if (storageDriver === 'vfs') return yellow(`${says}: each container copies its whole image`, fix);
  if (['devicemapper', 'aufs', 'overlay'].includes(storageDriver)) return yellow(`${says}: Docker no longer supports it`, fix);
  return green(says);
});

export const liveRestore = ofEngine('live-restore', 'sessions survive a restart of Docker', ({ liveRestore: on }) =>
  on
    ? green('live-restore is on')
    : yellow(
        'live-restore is off: all sessions end when dockerd stops or is upgraded',
        '`"live-restore": true` in /etc/docker/daemon.json, then `systemctl reload docker`.',
      ),
);

export const groups = ofEngine('cgroups', 'Docker can set limits', ({ cgroupVersion, cgroupDriver, limits }) => {
  const says = `cgroup v${cgroupVersion}, driver ${cgroupDriver}`;
  const missing = (['memory', 'cpu', 'pids'] as const).filter((name) => !limits[name]);
  if (missing.length > 0)
    return red(
      `${says}; no limits of ${missing.join(', ')}`,
      'Give Docker these controllers: boot with `cgroup_enable=memory`, or run Docker not rootless, or delegate them (`Delegate=yes`).',
    );
  if (!limits.swap)
    return yellow(
      `${says}; swap is not limited: a session may use swap beyond its memory`,
      'Boot with `swapaccount=1`, or turn swap off (`swapoff -a`).',
    );
  return green(`${says}; memory, swap, cpu and pids`);
});

const has = (options: readonly string[], name: string): string | undefined =>
  options.find((option) => option === `name=${name}` || option.startsWith(`name=${name},`));

export const security = ofEngine('security', 'seccomp, AppArmor, SELinux of containers', ({ securityOptions }) => {
  const seccomp = has(securityOptions, 'seccomp');
  const findings: Finding[] = [];
  if (seccomp === undefined || seccomp.includes('profile=unconfined'))
    findings.push(
      red(
        'seccomp is off: code in sessions may make every system call',
        'Use a kernel with seccomp, and the default profile of Docker.',
      ),
    );
  else findings.push(green('seccomp'));
  if (has(securityOptions, 'apparmor')) findings.push(green('AppArmor'));
  if (has(securityOptions, 'selinux'))
    findings.push(
      yellow(
        'SELinux labels containers: they may not read what is mounted from the machine',
        'If the probes below fail, label the directories of the node: `chcon -Rt container_file_t DIR`.',
      ),
    );
  return worst(findings);
});

export const userNamespaces = ofEngine('userns', 'users of containers', ({ securityOptions }) =>
  has(securityOptions, 'userns')
    ? yellow(
        'user namespaces are remapped, which Berth has not been tried with',
        'If the probes below fail, take `userns-remap` out of /etc/docker/daemon.json.',
      )
    : green('user ids are not remapped'),
);

export const rootless = ofEngine('rootless', 'Docker runs as root', ({ securityOptions }) =>
  has(securityOptions, 'rootless')
    ? yellow(
        'Docker is rootless: limits work only as far as controllers are delegated to its user',
        'Delegate cpu, memory and pids (`systemctl edit user@.service`, `Delegate=cpu cpuset memory pids`), or use the Docker of root.',
      )
    : green('it does'),
);

export const warnings = ofEngine('warnings', 'what Docker warns of', (facts) => {
  const told = facts.warnings.map((line) => line.replace(/^WARNING: /, '').trim());
  // Those that an own check tells, or that only concern published ports and registries.
  const serious = told.filter(
    (line) => !/memory limit|swap limit|cfs|pids|oom kill|kernel memory|blkio|bridge-nf|registry/i.test(line),
  );
  if (serious.length === 0) return green(told.length === 0 ? 'nothing' : told.join('; '));
  const fix = serious.some((line) => /forwarding/i.test(line))
    ? '`sysctl -w net.ipv4.ip_forward=1`, if sessions with the network `bridge` are to reach the outside.'
    : 'Look at `docker info`.';
  return yellow(serious.join('; '), fix);
});

/** By numbers, part by part: 1.9 is older than 1.41. */
function compare(a: string, b: string): number {
  const parts = (version: string) => version.split('.').map(Number);
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
