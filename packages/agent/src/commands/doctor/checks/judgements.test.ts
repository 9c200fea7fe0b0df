/** What the checks make of what they see: recorded machines, good and bad. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '@berth/wire';
import type { EngineFacts } from '../../../adapters/docker/index.js';
import type { Finding, State } from '../finding.js';
import { parseMounts } from '../../../node/statistics/cgroup.js';
import { clock } from './clock.js';
import * as cluster from './cluster.js';
import * as docker from './docker.js';
import { socket } from './docker-socket.js';
import { holder, scratchRoot } from './holder.js';
import { judgeImages } from './images.js';
import * as machine from './machine.js';
import { judgeRoom, sync } from './places.js';
import { judgePort, terminals } from './ports.js';
import { capabilities, node, parseLimits, ulimits } from './process.js';
import { bubblewrap, limits, userNamespaces } from './sandbox.js';

const engine: EngineFacts = {
  version: '28.2.2',
  apiVersion: '1.50',
  minApiVersion: '1.24',
  storageDriver: 'overlay2',
  storageStatus: [
    ['Backing Filesystem', 'extfs'],
    ['Supports d_type', 'true'],
  ],
  liveRestore: true,
  cgroupVersion: '2',
  cgroupDriver: 'systemd',
  limits: { memory: true, swap: true, cpu: true, pids: true },
  securityOptions: ['name=apparmor', 'name=seccomp,profile=builtin', 'name=cgroupns'],
  rootDirectory: '/var/lib/docker',
  warnings: [],
};
const reached = (changes: Partial<EngineFacts>) => ({ facts: { ...engine, ...changes }, needed: true, others: [] });
const away = new BerthError('driver-unavailable', 'asking Docker for its version failed: connect ENOENT /var/run/docker.sock');

const noSandboxes = new BerthError('driver-unavailable', 'bubblewrap (bwrap) is not installed');
const sandboxes = (missing: readonly string[] = []) => ({ description: 'bubblewrap 0.8.0', apiVersion: '0.8.0', missing });

const GIB = 1024 ** 3;
const room = (free: number, inodesFree = 1e6, inodes = 1e7) =>
  judgeRoom({ path: '/data', bytes: { free, all: 100 * GIB }, inodes: { free: inodesFree, all: inodes } });

const inGroup = (mode: number) => ({
  kind: 'socket' as const,
  path: '/var/run/docker.sock',
  uid: 0,
  group: { gid: 998, name: 'docker', members: ['ada', 'bob'] },
  mode,
});

const V1 = parseMounts(
  ['cpu,cpuacct', 'memory', 'pids', 'cpuset', 'name=systemd']
    .map((names) => `31 30 0:29 / /sys/fs/cgroup/${names} rw,relatime - cgroup cgroup rw,${names}`)
    .join('\n'),
);
const V2 = parseMounts('31 30 0:29 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate');
const HYBRID = [...V1, ...parseMounts('31 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw')];

const MODERN = 'cpuset cpu io memory hugetlb pids rdma misc';
const watched = { now: Date.UTC(2026, 10, 25), wallMs: 50, steadyMs: 50, synchronised: 'yes' };
const LIMITS = [
  'Limit                     Soft Limit           Hard Limit           Units     ',
  'Max processes             96365                96365                processes ',
  'Max open files            1024                 unlimited            files     ',
].join('\n');
const problem = { message: '127.0.0.1:8081 is in use already', fix: 'Stop what listens there.' };
const port = { host: '127.0.0.1', port: 8081, nodeRuns: false };
const range = { range: { first: 30000, last: 30009 }, taken: [], ephemeral: { first: 32768, last: 60999 } };
const refused = new BerthError('coordinator-unavailable', 'etcd does not answer');

const TABLE: readonly (readonly [what: string, state: State, says: RegExp, finding: Finding])[] = [
  ['a Docker of today', 'green', /28\.2\.2.*1\.24 to 1\.50/, docker.engine.judge(reached({}))],
  [
    'the oldest Docker that will do',
    'green',
    /1\.41/,
    docker.engine.judge(reached({ apiVersion: '1.41', minApiVersion: '1.12' })),
  ],
  ['a Docker that is too old', 'red', /1\.9/, docker.engine.judge(reached({ apiVersion: '1.9' }))],
  ['a Docker that forgot our API', 'red', /no longer speaks 1\.41/, docker.engine.judge(reached({ minApiVersion: '1.44' }))],
  ['no Docker', 'red', /ENOENT.*no session can run/, docker.engine.judge({ facts: away, needed: true, others: [] })],
  [
    'no Docker, for a node that needs none',
    'yellow',
    /does not need it/,
    docker.engine.judge({ facts: away, needed: false, others: [] }),
  ],

  ['a socket of a group', 'green', /root and the group docker: ada, bob/, socket.judge(inGroup(0o660))],
  ['a socket of root', 'green', /^root alone/, socket.judge(inGroup(0o600))],
  ['a socket of everybody', 'red', /open to everybody/, socket.judge(inGroup(0o666))],
  ['a Docker in the open', 'yellow', /without TLS/, socket.judge({ kind: 'tcp', host: '10.0.0.1', port: 2375 })],
  ['no socket', 'yellow', /there is no \/x/, socket.judge({ kind: 'missing', path: '/x' })],

  ['overlay2', 'green', /overlay2 on extfs/, docker.storage.judge(engine)],
  ['vfs', 'yellow', /copies its whole image/, docker.storage.judge({ ...engine, storageDriver: 'vfs' })],
  ['devicemapper', 'yellow', /no longer supports/, docker.storage.judge({ ...engine, storageDriver: 'devicemapper' })],
  [
    'xfs without d_type',
    'red',
    /images break/,
    docker.storage.judge({ ...engine, storageStatus: [['Supports d_type', 'false']] }),
  ],
  ['live-restore', 'green', /is on/, docker.liveRestore.judge(engine)],
  ['no live-restore', 'yellow', /all sessions end/, docker.liveRestore.judge({ ...engine, liveRestore: false })],
  ['limits of Docker', 'green', /v2, driver systemd/, docker.groups.judge(engine)],
  [
    'a Docker without limits of memory',
    'red',
    /no limits of memory, pids/,
    docker.groups.judge({ ...engine, limits: { memory: false, swap: false, cpu: true, pids: false } }),
  ],
  ['no limit of swap', 'yellow', /may use swap/, docker.groups.judge({ ...engine, limits: { ...engine.limits, swap: false } })],
  ['seccomp and AppArmor', 'green', /seccomp; AppArmor/, docker.security.judge(engine)],
  ['no seccomp', 'red', /seccomp is off/, docker.security.judge({ ...engine, securityOptions: [] })],
  [
    'seccomp that lets all through',
    'red',
    /seccomp is off/,
    docker.security.judge({ ...engine, securityOptions: ['name=seccomp,profile=unconfined'] }),
  ],
  [
    'SELinux of containers',
    'yellow',
    /SELinux/,
    docker.security.judge({ ...engine, securityOptions: ['name=seccomp,profile=default', 'name=selinux'] }),
  ],
  ['users as they are', 'green', /not remapped/, docker.userNamespaces.judge(engine)],
  ['users remapped', 'yellow', /not been tried/, docker.userNamespaces.judge({ ...engine, securityOptions: ['name=userns'] })],
  ['a Docker of root', 'green', /./, docker.rootless.judge(engine)],
  ['a Docker without root', 'yellow', /delegated/, docker.rootless.judge({ ...engine, securityOptions: ['name=rootless'] })],
  ['no warnings', 'green', /nothing/, docker.warnings.judge(engine)],
  [
    'a warning that is told elsewhere',
    'green',
    /swap/,
    docker.warnings.judge({ ...engine, warnings: ['WARNING: No swap limit support'] }),
  ],
  [
    'no forwarding',
    'yellow',
    /^IPv4 forwarding/,
    docker.warnings.judge({ ...engine, warnings: ['WARNING: IPv4 forwarding is disabled'] }),
  ],

  ['python on the machine', 'green', /image host/, judgeImages('python')({ host: '/usr/bin/python3', references: [] })],
  ['python in an image', 'green', /python:3-slim/, judgeImages('python')({ host: undefined, references: ['python:3-slim'] })],
  ['python nowhere', 'yellow', /no python/, judgeImages('python')({ host: undefined, references: ['redis:7', 'mypythonic:1'] })],
  ['bash in an image', 'green', /debian:12/, judgeImages('bash')({ host: undefined, references: ['debian:12'] })],

  ['bubblewrap', 'green', /0\.8\.0/, bubblewrap.judge({ answer: sandboxes(), needed: false })],
  ['no bubblewrap', 'yellow', /does not need it/, bubblewrap.judge({ answer: noSandboxes, needed: false })],
  ['no bubblewrap where it is wanted', 'red', /no session can run/, bubblewrap.judge({ answer: noSandboxes, needed: true })],
  ['sandboxes with limits', 'green', /memory/, limits.judge({ answer: sandboxes(), needed: false })],
  ['sandboxes without', 'yellow', /^One\. Two\.$/, limits.judge({ answer: sandboxes(['One.', 'Two.']), needed: true })],
  ['namespaces', 'green', /at most 9/, userNamespaces.judge({ most: '9', unprivileged: '1', appArmorRestricts: '0' })],
  [
    'no namespaces',
    'yellow',
    /has none/,
    userNamespaces.judge({ most: undefined, unprivileged: undefined, appArmorRestricts: undefined }),
  ],
  [
    'none of them',
    'yellow',
    /limit is 0/,
    userNamespaces.judge({ most: '0', unprivileged: undefined, appArmorRestricts: undefined }),
  ],
  ['for root only', 'yellow', /root only/, userNamespaces.judge({ most: '9', unprivileged: '0', appArmorRestricts: undefined })],
  ['by profile only', 'yellow', /AppArmor/, userNamespaces.judge({ most: '9', unprivileged: '1', appArmorRestricts: '1' })],

  ['Linux of today', 'green', /6\.18/, machine.kernel.judge('6.18.44-custom')],
  ['the oldest Linux', 'green', /4\.18/, machine.kernel.judge('4.18.0-553.el8')],
  ['an old Linux', 'red', /3\.10/, machine.kernel.judge('3.10.0-1160.el7')],
  [
    'groups of version 2',
    'green',
    /^v2 with cpu, cpuset, io, memory, pids$/,
    machine.cgroups.judge({ mounts: V2, unified: MODERN }),
  ],
  [
    'groups of version 1',
    'green',
    /^v1 with cpu, cpuset, memory, pids$/,
    machine.cgroups.judge({ mounts: V1, unified: undefined }),
  ],
  ['groups of both', 'green', /^v1 with/, machine.cgroups.judge({ mounts: HYBRID, unified: '' })],
  ['groups without memory', 'red', /not memory/, machine.cgroups.judge({ mounts: V2, unified: 'cpu pids cpuset' })],
  ['groups without cores', 'yellow', /cores of their own/, machine.cgroups.judge({ mounts: V2, unified: 'cpu memory pids' })],
  ['no groups', 'red', /none/, machine.cgroups.judge({ mounts: [], unified: undefined })],
  ['SELinux of the machine', 'yellow', /enforcing/, machine.modules.judge({ seLinux: '1', appArmor: undefined })],
  [
    'AppArmor of the machine',
    'green',
    /no SELinux, AppArmor is on/,
    machine.modules.judge({ seLinux: undefined, appArmor: 'Y' }),
  ],
  [
    'a machine',
    'green',
    /is not/,
    machine.container.judge({ dockerEnv: true, containerEnv: false, root: 'ext4', cgroup: '0::/init.scope' }),
  ],
  [
    'a container of Docker',
    'yellow',
    /not of this container/,
    machine.container.judge({ dockerEnv: true, containerEnv: false, root: 'overlay', cgroup: '0::/' }),
  ],
  [
    'a pod',
    'yellow',
    /not of this container/,
    machine.container.judge({ dockerEnv: false, containerEnv: false, root: 'ext4', cgroup: '4:memory:/kubepods/burstable/x' }),
  ],
  ['no GPU', 'green', /none/, machine.gpu.judge({ program: undefined, list: undefined })],
  ['two GPUs', 'green', /^2 of/, machine.gpu.judge({ program: '/usr/bin/nvidia-smi', list: 'GPU 0: A (x)\nGPU 1: A (y)' })],
  ['a GPU without driver', 'yellow', /does not answer/, machine.gpu.judge({ program: '/usr/bin/nvidia-smi', list: undefined })],

  ['a clock that is set', 'green', /2026-11-25.*by a time service/, clock.judge(watched)],
  ['a clock of which nothing is known', 'green', /cannot be told/, clock.judge({ ...watched, synchronised: undefined })],
  ['a clock that nobody sets', 'yellow', /no time service/, clock.judge({ ...watched, synchronised: 'no' })],
  ['a clock without battery', 'red', /1970/, clock.judge({ ...watched, now: 1000 })],
  ['a clock that jumps', 'yellow', /jumped by 3550 ms/, clock.judge({ ...watched, wallMs: 3600 })],
  ['a clock that stands', 'red', /stands still/, clock.judge({ ...watched, steadyMs: 0 })],

  ['Node 22', 'green', /22\.1/, node.judge('22.1.0')],
  ['the oldest Node', 'green', /20\.19\.0/, node.judge('20.19.0')],
  ['a Node that is too old', 'red', /20\.18/, node.judge('20.18.3')],
  ['a Node of odd number', 'yellow', /not tested/, node.judge('23.1.0')],
  ['few open files', 'yellow', /1024 open files/, ulimits.judge(parseLimits(LIMITS))],
  ['no limits', 'green', /no limit of open files/, ulimits.judge(parseLimits(''))],
  ['very few processes', 'red', /32 processes/, ulimits.judge({ files: [9999, 9999], processes: [32, 32] })],
  ['root', 'green', /id of its own/, capabilities.judge({ uid: 0, effective: '000001ffffffffff' })],
  ['root in a cage', 'red', /without CHOWN, KILL/, capabilities.judge({ uid: 0, effective: '000000000000000a' })],
  ['an ordinary user', 'green', /user 1000/, capabilities.judge({ uid: 1000, effective: '0' })],

  ['room', 'green', /50 GiB of 100 GiB/, room(50 * GIB)],
  ['a file system without fixed inodes', 'green', /50 GiB/, room(50 * GIB, 0, 0)],
  ['little room', 'yellow', /2\.0 GiB of/, room(2 * GIB)],
  ['no room', 'red', /64 MiB of/, room(GIB / 16)],
  ['few inodes', 'yellow', /^400000 of 10000000 inodes$/, room(50 * GIB, 4e5)],
  ['no inodes', 'red', /12 of/, room(50 * GIB, 12)],
  ['a fast disk', 'green', /^0\.4 ms/, sync.judge({ path: '/data', times: [0.3, 300, 0.4, 0.4, 0.4] })],
  ['a slow disk', 'yellow', /^45 ms/, sync.judge({ path: '/data', times: [45, 44, 46] })],
  ['a disk that cannot be written', 'red', /EROFS/, sync.judge({ path: '/data', times: 'EROFS: read-only file system' })],

  ['nobody', 'green', /nobody/, holder.judge({ dataDir: '/data', locked: false, pid: undefined, endpoint: undefined })],
  ['a node', 'green', /pid 7/, holder.judge({ dataDir: '/data', locked: true, pid: 7, endpoint: 'http://127.0.0.1:1' })],
  ['somebody', 'yellow', /does not say/, holder.judge({ dataDir: '/data', locked: true, pid: undefined, endpoint: undefined })],
  ['a scratch root', 'green', /^\/s$/, scratchRoot.judge({ path: '/s', problem: undefined })],
  [
    'no scratch root',
    'red',
    /missing/,
    scratchRoot.judge({ path: '/s', problem: new BerthError('scratch-unusable', 'missing') }),
  ],
  ['a free port', 'green', /is free/, judgePort({ ...port, problem: undefined })],
  ['any port', 'green', /any port/, judgePort({ ...port, port: 0, problem: undefined })],
  ['a port of somebody', 'red', /in use already/, judgePort({ ...port, problem })],
  ['a port of the node', 'green', /the node runs/, judgePort({ ...port, problem, nodeRuns: true })],
  ['free ports', 'green', /10 of 10/, terminals.judge(range)],
  ['few free ports', 'yellow', /4 of 10/, terminals.judge({ ...range, taken: [0, 1, 2, 3, 4, 5] })],
  ['no free ports', 'red', /0 of 10/, terminals.judge({ ...range, taken: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] })],
  ['ports that others take', 'yellow', /outgoing/, terminals.judge({ ...range, ephemeral: { first: 10, last: 30000 } })],

  ['etcd', 'green', /a:1, namespace ns/, cluster.etcd.judge({ addresses: 'a:1', namespace: 'ns', problem: undefined })],
  ['no etcd', 'red', /does not answer/, cluster.etcd.judge({ addresses: 'a:1', namespace: 'ns', problem: refused })],
  ['what etcd would tell', 'yellow', /etcd cannot be asked/, cluster.redis.judge(undefined)],
  ['a manager', 'green', /i-m, events to m:2/, cluster.manager.judge({ id: 'i-m', value: 'm:2', answer: '' })],
  ['no manager', 'yellow', /none has written/, cluster.manager.judge({ id: null, value: null, answer: '' })],
  ['a manager without address', 'red', /not set/, cluster.manager.judge({ id: 'i-m', value: null, answer: '' })],
  [
    'a manager out of reach',
    'red',
    /cannot be reached: no/,
    cluster.manager.judge({ id: null, value: 'm:2', answer: new Error('no') }),
  ],
  ['Redis', 'green', /r:3/, cluster.redis.judge({ value: 'r:3', answer: '+PONG\r\n' })],
  ['no Redis', 'yellow', /not set/, cluster.redis.judge({ value: null, answer: new Error('not set') })],
  ['Redis out of reach', 'red', /no route/, cluster.redis.judge({ value: 'r:3', answer: new Error('no route') })],
  ['Redis with a password', 'red', /asks for a password/, cluster.redis.judge({ value: 'r:3', answer: '-NOAUTH no' })],
  ['something else', 'red', /no Redis/, cluster.redis.judge({ value: 'r:3', answer: 'HTTP/1.1 400' })],
  ['no folders', 'green', /has none/, cluster.folders.judge({ root: null, rootOfGuides: null, seen: '' })],
  ['folders', 'green', /^\/mnt$/, cluster.folders.judge({ root: '/mnt', rootOfGuides: null, seen: 'directory' })],
  ['folders of the guide', 'yellow', /nobody reads/, cluster.folders.judge({ root: null, rootOfGuides: '/mnt', seen: '' })],
  ['folders that are not there', 'red', /ENOENT/, cluster.folders.judge({ root: '/mnt', rootOfGuides: null, seen: 'ENOENT' })],
];

describe('the doctor says of', () => {
  it.each(TABLE)('%s: %s', (_what, state, says, finding) => {
    expect(finding).toMatchObject({ state, detail: expect.stringMatching(says) as string });
    expect('fix' in finding && finding.fix !== '').toBe(state !== 'green');
  });

  it('says how to do without Docker where that can be done', () => {
    const finding = docker.engine.judge({ facts: away, needed: true, others: ['sandbox'] });
    expect(finding).toMatchObject({ state: 'red', fix: expect.stringContaining('BERTH_DRIVER=sandbox') as string });
  });

  it('names the key to set for folders of the guide', () => {
    const finding = cluster.folders.judge({ root: null, rootOfGuides: '/mnt', seen: '' });
    expect(finding).toMatchObject({ fix: '`berth etcd put volumes/_mount /mnt`' });
  });
});
