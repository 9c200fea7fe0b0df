import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONTAINER_ID,
  RecordedMachine,
  SOME_USAGE,
  V1_CGROUPFS,
  V1_SYSTEMD,
  V2_CGROUPFS,
  V2_SYSTEMD,
  type Layout,
} from '../../../testing/recorded-machine.js';
import { KernelFiles } from './kernel-files.js';

const PID = 4711;
const COUNTERS = {
  cpuNs: SOME_USAGE.cpuNs,
  memoryBytes: SOME_USAGE.memory,
  memoryPeakBytes: SOME_USAGE.peak,
  ioReadBytes: SOME_USAGE.read,
  ioWriteBytes: SOME_USAGE.write,
  netRxBytes: SOME_USAGE.rx,
  netTxBytes: SOME_USAGE.tx,
};

let root: string;
let files: KernelFiles | undefined;

beforeEach(async () => {
  root = await mkdtemp(`${tmpdir()}/berth-recorded-`);
});

afterEach(async () => {
  files?.close();
  files = undefined;
  await rm(root, { recursive: true, force: true });
});

async function machine(layout: Layout): Promise<RecordedMachine> {
  const made = new RecordedMachine(root, layout);
  await made.container(PID);
  return made;
}

const open = async () => (files = await KernelFiles.open(PID, root));

describe('what a container uses', () => {
  it.each(Object.entries({ V1_CGROUPFS, V1_SYSTEMD, V2_CGROUPFS, V2_SYSTEMD }))('is read on %s', async (_, layout) => {
    await machine(layout);
    expect((await open()).read()).toEqual(COUNTERS);
  });

  it('is read anew each time', async () => {
    const made = await machine(V2_SYSTEMD);
    await open();
    await made.container(PID, { ...SOME_USAGE, memory: 9 });
    expect(files!.read()).toEqual({ ...COUNTERS, memoryBytes: 9 });
  });

  it('misses what an older Linux does not tell', async () => {
    const made = await machine(V2_SYSTEMD);
    await made.remove(`${made.directory('memory')}/memory.peak`);
    expect((await open()).read()).toEqual({ ...COUNTERS, memoryPeakBytes: null });
  });

  it('misses what is odd, and nothing else', async () => {
    const made = await machine(V1_CGROUPFS);
    await made.write(`${made.directory('cpuacct')}/cpuacct.usage`, 'many\n');
    await made.write(`/proc/${PID}/net/dev`, '\0\0\0');
    expect((await open()).read()).toEqual({ ...COUNTERS, cpuNs: null, netRxBytes: null, netTxBytes: null });
  });

  it('is not what the agent uses, where both are in one control group', async () => {
    const made = await machine(V1_SYSTEMD);
    await made.write('/proc/self/cgroup', V1_SYSTEMD.cgroup(CONTAINER_ID));
    expect((await open()).read()).toMatchObject({ cpuNs: null, memoryBytes: null, netRxBytes: SOME_USAGE.rx });
  });

  it('is the traffic alone where no control group is mounted', async () => {
    const made = await machine(V1_CGROUPFS);
    await made.write('/proc/self/mountinfo', '');
    expect((await open()).read()).toMatchObject({ cpuNs: null, memoryBytes: null, netRxBytes: SOME_USAGE.rx });
  });

  it('cannot be read when the process is gone', async () => {
    const made = await machine(V1_CGROUPFS);
    await made.remove(`/proc/${PID}`);
    await expect(open()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the group of a container', () => {
  it.each([
    [V1_CGROUPFS, 'cgroup.procs', ''],
    [V2_SYSTEMD, 'cgroup.events', 'populated 0\nfrozen 0\n'],
  ] as const)('is empty when the last process has left it', async (layout, file, text) => {
    const made = await machine(layout);
    await open();
    expect(files!.isEmpty).toBe(false);
    await made.write(`${made.directory('cpuacct')}/${file}`, text);
    expect(files!.isEmpty).toBe(true);
  });

  it('is not known to be empty where nothing says so', async () => {
    const made = await machine(V1_CGROUPFS);
    await made.remove(`${made.directory('cpuacct')}/cgroup.procs`);
    expect((await open()).isEmpty).toBe(false);
  });
});

it('keeps no file open', async () => {
  const before = (await readdir('/proc/self/fd')).length;
  await machine(V1_CGROUPFS);
  await open();
  files!.read();
  files!.close();
  expect(files!.read()).toBeUndefined();
  expect((await readdir('/proc/self/fd')).length).toBe(before);
});

it('reads this process itself, and no traffic of the machine’s own network', async () => {
  files = await KernelFiles.open(process.pid);
  expect(files.read()).toMatchObject({ netRxBytes: null, netTxBytes: null });
});
