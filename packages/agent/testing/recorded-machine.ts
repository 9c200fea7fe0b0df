/** Files of other machines below a directory: what a container's process and control group look like there. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const CONTAINER_ID = '02f70f4d8d41094e58fd601eac4f97b8af7681774f7bbb07a587d8bbf5d42551';

const NET_DEV = (rx: number, tx: number) => `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    9000      90    0    0    0     0          0         0     9000      90    0    0    0     0       0          0
  eth0: ${rx}       4    0    0    0     0          0         0 ${tx}       2    0    0    0     0       0          0
`;

/** How a machine lays out control groups: its mounts, the groups of a process, the directory of each controller. */
export interface Layout {
  readonly mountinfo: string;
  readonly cgroup: (container: string) => string;
  readonly directory: (container: string, controller: 'cpuacct' | 'memory' | 'blkio') => string;
  readonly version: 1 | 2;
}

/** Debian 12, Docker 20.10, cgroupfs; the unified hierarchy is mounted beside v1. */
export const V1_CGROUPFS: Layout = {
  version: 1,
  mountinfo: `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`,
  cgroup: (id) => ['7:blkio', '4:memory', '2:cpuacct', '0:'].map((head) => `${head}:/docker/${id}\n`).join(''),
  directory: (id, controller) => `/sys/fs/cgroup/${controller}/docker/${id}`,
};

/** v1 under systemd, CPU controllers mounted together. */
export const V1_SYSTEMD: Layout = {
  version: 1,
  mountinfo: `30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev shared:9 - cgroup cgroup rw,cpu,cpuacct
31 25 0:27 / /sys/fs/cgroup/memory rw,nosuid,nodev shared:10 - cgroup cgroup rw,memory
32 25 0:28 / /sys/fs/cgroup/blkio rw,nosuid,nodev shared:11 - cgroup cgroup rw,blkio
`,
  cgroup: (id) =>
    ['8:cpu,cpuacct', '5:memory', '3:blkio'].map((head) => `${head}:/system.slice/docker-${id}.scope\n`).join('') +
    '0::/init.scope\n',
  directory: (id, controller) =>
    `/sys/fs/cgroup/${controller === 'cpuacct' ? 'cpu,cpuacct' : controller}/system.slice/docker-${id}.scope`,
};

/** v2 under systemd. */
export const V2_SYSTEMD: Layout = {
  version: 2,
  mountinfo: '30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n',
  cgroup: (id) => `0::/system.slice/docker-${id}.scope\n`,
  directory: (id) => `/sys/fs/cgroup/system.slice/docker-${id}.scope`,
};

/** v2 with Docker's own driver. */
export const V2_CGROUPFS: Layout = {
  version: 2,
  mountinfo: V2_SYSTEMD.mountinfo,
  cgroup: (id) => `0::/docker/${id}\n`,
  directory: (id) => `/sys/fs/cgroup/docker/${id}`,
};

/** What a container of a recorded machine used. */
export interface Usage {
  readonly cpuNs: number;
  readonly memory: number;
  readonly peak: number;
  readonly read: number;
  readonly write: number;
  readonly rx: number;
  readonly tx: number;
}

export const SOME_USAGE: Usage = { cpuNs: 5_000_000, memory: 2048, peak: 4096, read: 10, write: 20, rx: 30, tx: 40 };

export class RecordedMachine {
  readonly root: string;
  readonly #layout: Layout;

  constructor(root: string, layout: Layout) {
    this.root = root;
    this.#layout = layout;
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  remove(path: string): Promise<void> {
    return rm(join(this.root, path), { recursive: true });
  }

  directory(controller: 'cpuacct' | 'memory' | 'blkio', container = CONTAINER_ID): string {
    return this.#layout.directory(container, controller);
  }

  /** A container whose first process is `pid`; again to say what it uses now. */
  async container(pid: number, usage: Usage = SOME_USAGE, container = CONTAINER_ID): Promise<void> {
    const { version, mountinfo, cgroup } = this.#layout;
    const put = (controller: 'cpuacct' | 'memory' | 'blkio', name: string, text: string) =>
      this.write(`${this.directory(controller, container)}/${name}`, text);
    await this.write('/proc/self/mountinfo', mountinfo);
    await this.write(`/proc/${pid}/cgroup`, cgroup(container));
    await this.write(`/proc/${pid}/net/dev`, NET_DEV(usage.rx, usage.tx));
    if (version === 1) {
      await put('cpuacct', 'cpuacct.usage', `${usage.cpuNs}\n`);
      await put('cpuacct', 'cgroup.procs', `${pid}\n`);
      await put('memory', 'memory.usage_in_bytes', `${usage.memory}\n`);
      await put('memory', 'memory.max_usage_in_bytes', `${usage.peak}\n`);
      await put(
        'blkio',
        'blkio.throttle.io_service_bytes',
        `254:0 Read ${usage.read}\n254:0 Write ${usage.write}\nTotal ${usage.read + usage.write}\n`,
      );
    } else {
      await put('cpuacct', 'cpu.stat', `usage_usec ${usage.cpuNs / 1000}\nuser_usec 1\nsystem_usec 1\n`);
      await put('cpuacct', 'cgroup.events', 'populated 1\nfrozen 0\n');
      await put('memory', 'memory.current', `${usage.memory}\n`);
      await put('memory', 'memory.peak', `${usage.peak}\n`);
      await put('blkio', 'io.stat', `254:0 rbytes=${usage.read} wbytes=${usage.write} rios=1 wios=1 dbytes=0 dios=0\n`);
    }
  }
}
