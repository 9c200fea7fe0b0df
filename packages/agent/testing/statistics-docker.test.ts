/** Statistics of real containers, held against known loads, against the control group's files and against what Docker says. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelId, KernelStatistics } from '@berth/wire';
import Docker from 'dockerode';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeWithDocker } from '../../../test/support/services.js';
import { DockerDriver } from '../src/adapters/docker/index.js';
import type { KernelToSample } from '../src/node/statistics/sampled-kernel.js';
import { StatisticsSampler } from '../src/node/statistics/sampler.js';
import type { ContainerPlan } from '../src/ports/driver.js';
import { silentLogger } from '../src/ports/logger.js';
import { systemClock } from '@berth/base';
import { freshLabels, smallPlan } from './driver-fixture.js';

const MIB = 1 << 20;
const KERNEL = 'statistics' as KernelId;

/** Loads that are known: a second of CPU, 64 MiB of memory, 8 MiB past the page cache, 1 MiB of datagrams. Each waits for its word. */
const LOADS = `
import os, socket, subprocess, time
def await_word(word):
    while not os.path.exists('/home/work/' + word): time.sleep(0.01)
await_word('go')
end = time.process_time() + 1.0
while time.process_time() < end: pass
block = bytearray(64 << 20)
for at in range(0, len(block), 4096): block[at] = 1
subprocess.run(['dd', 'if=/dev/zero', 'of=/home/work/written', 'bs=1M', 'count=8', 'oflag=direct'], check=True, stderr=subprocess.DEVNULL)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(1024): sender.sendto(bytes(1024), (GATEWAY, 9))
open('/home/work/done', 'w').close()
time.sleep(3600)
`;

describeWithDocker('statistics of a real container', ({ socketPath, images }) => {
  const driver = new DockerDriver({ socketPath });
  const docker = new Docker({ socketPath });
  let work: string;
  let made: string[];
  let kernels: KernelToSample[];
  let sampler: StatisticsSampler;

  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), 'berth-statistics-'));
    made = [];
    kernels = [];
    sampler = new StatisticsSampler({ kernels: () => kernels, driver, clock: systemClock, logger: silentLogger });
  });

  afterEach(async () => {
    for (const containerId of made) await driver.remove(containerId);
    sampler.markEnded(KERNEL);
    await rm(work, { recursive: true, force: true });
  });

  async function start(plan: Partial<ContainerPlan> & Pick<ContainerPlan, 'command'>): Promise<string> {
    const { imageId } = await driver.resolveImage(images.debian);
    const { containerId } = await driver.create({
      ...smallPlan(freshLabels(), imageId, plan.command),
      memoryBytes: 256 * MIB,
      mounts: [{ source: work, target: '/home/work', readOnly: false }],
      ...plan,
    });
    made.push(containerId);
    await driver.start(containerId);
    kernels = [{ kernelId: KERNEL, containerId, incarnation: 1, workDirectory: work }];
    return containerId;
  }

  /** What a file of the container's control group says, found by the container's id and nothing else. */
  const ofGroup = (containerId: string, ...names: string[]): string => {
    const tests = names.flatMap((name, index) => [...(index === 0 ? [] : ['-o']), '-path', `*${containerId}*/${name}`]);
    const [path] = execFileSync('find', ['/sys/fs/cgroup', ...tests], { encoding: 'utf8' }).split('\n');
    return execFileSync('cat', [path!], { encoding: 'utf8' });
  };
  const numberOf = (text: string) => Number(/\d+/.exec(text)![0]);

  /** v1 counts transfers of a disk only while some limit is set for it: one that limits nothing. False where that is not ours to do. */
  async function countTransfers(containerId: string): Promise<boolean> {
    const [path] = execFileSync('find', ['/sys/fs/cgroup', '-path', `*${containerId}*/blkio.throttle.write_bps_device`], {
      encoding: 'utf8',
    }).split('\n');
    if (!path) return existsSync('/sys/fs/cgroup/cgroup.controllers');
    const { dev } = await stat(work);
    return writeFile(path, `${(dev >> 8) & 0xfff}:${dev & 0xff} ${1 << 30}0`).then(
      () => true,
      () => false,
    );
  }

  async function hostSends(bytes: number, address: string): Promise<void> {
    const socket = createSocket('udp4');
    for (let sent = 0; sent < bytes; sent += 1024) {
      await new Promise<void>((resolve, reject) => {
        socket.send(Buffer.alloc(1024), 9, address, (error) => (error ? reject(error) : resolve()));
      });
    }
    await new Promise<void>((resolve) => socket.close(resolve));
  }

  it('is what loads took, what the files say, and what Docker says', { timeout: 60_000 }, async () => {
    const bridge = (await docker.getNetwork('bridge').inspect()) as { IPAM: { Config: { Gateway: string }[] } };
    const gateway = bridge.IPAM.Config[0]!.Gateway;
    const containerId = await start({
      command: ['/usr/bin/python3', '-c', LOADS.replace('GATEWAY', `'${gateway}'`)],
      network: 'bridge',
    });
    const counted = await countTransfers(containerId);
    const { NetworkSettings } = await docker.getContainer(containerId).inspect();
    const before = (await sampler.finalSample(KERNEL))!;
    await writeFile(join(work, 'go'), '');
    await vi.waitFor(() => expect(existsSync(join(work, 'done'))).toBe(true), { timeout: 30_000, interval: 20 });
    await hostSends(MIB / 2, NetworkSettings.Networks['bridge']!.IPAddress);

    const seen = (await sampler.finalSample(KERNEL))!;
    const used = (name: keyof KernelStatistics) => (seen[name] as number) - (before[name] as number);
    // A second of CPU, and at most half of one for the other loads.
    expect(used('cpuNs')).toBeGreaterThanOrEqual(1e9);
    expect(used('cpuNs')).toBeLessThan(1.5e9);
    expect(seen.memoryBytes).toBeGreaterThanOrEqual(64 * MIB);
    expect(seen.memoryPeakBytes).toBeGreaterThanOrEqual(seen.memoryBytes!);
    expect(seen.memoryPeakBytes).toBeLessThan(128 * MIB);
    // Datagrams have headers of 42 bytes each; other traffic of a bridge is small.
    expect(used('netTxBytes')).toBeGreaterThanOrEqual(MIB);
    expect(used('netTxBytes')).toBeLessThan(1.1 * MIB);
    expect(used('netRxBytes')).toBeGreaterThanOrEqual(MIB / 2);
    expect(used('netRxBytes')).toBeLessThan(0.6 * MIB);
    if (counted) {
      expect(used('ioWriteBytes')).toBeGreaterThanOrEqual(8 * MIB);
      expect(used('ioWriteBytes')).toBeLessThan(9 * MIB);
    }

    // The container sleeps: its files and ours differ by what a sleeping program does.
    const usage = ofGroup(containerId, 'cpuacct.usage', 'cpu.stat');
    expect(numberOf(usage) * (usage.startsWith('usage_usec') ? 1000 : 1) - seen.cpuNs!).toBeLessThan(50e6);
    expect(Math.abs(numberOf(ofGroup(containerId, 'memory.usage_in_bytes', 'memory.current')) - seen.memoryBytes!)).toBeLessThan(
      MIB,
    );
    const transfers = ofGroup(containerId, 'blkio.throttle.io_service_bytes', 'io.stat');
    const written = [...transfers.matchAll(/Write (\d+)|wbytes=(\d+)/g)].reduce((sum, [, a, b]) => sum + Number(a ?? b), 0);
    expect(seen.ioWriteBytes).toBe(written);

    const said = (await docker.getContainer(containerId).stats({ stream: false })) as unknown as {
      cpu_stats: { cpu_usage: { total_usage: number } };
      memory_stats: { usage: number; max_usage?: number };
      networks: Record<string, { rx_bytes: number; tx_bytes: number }>;
    };
    expect(Math.abs(said.cpu_stats.cpu_usage.total_usage - seen.cpuNs!)).toBeLessThan(50e6);
    expect(Math.abs(said.memory_stats.usage - seen.memoryBytes!)).toBeLessThan(MIB);
    if (said.memory_stats.max_usage !== undefined) {
      expect(Math.abs(said.memory_stats.max_usage - seen.memoryPeakBytes!)).toBeLessThan(MIB);
    }
    expect(Math.abs(said.networks['eth0']!.tx_bytes - seen.netTxBytes!)).toBeLessThan(4096);
    expect(Math.abs(said.networks['eth0']!.rx_bytes - seen.netRxBytes!)).toBeLessThan(4096);
  });

  it('tells the size of the scratch directory', async () => {
    await start({
      command: [
        '/bin/sh',
        '-c',
        'dd if=/dev/urandom of=/home/work/a bs=1M count=3 2>/dev/null; sync; : > /home/work/done; sleep 3600',
      ],
    });
    await vi.waitFor(() => expect(existsSync(join(work, 'done'))).toBe(true), { timeout: 10_000, interval: 20 });
    const controller = new AbortController();
    const sampling = sampler.keepSampling(controller.signal);
    try {
      await vi.waitFor(() => expect(sampler.latest(KERNEL)?.scratchBytes).toBeGreaterThanOrEqual(3 * MIB), { timeout: 5000 });
      expect(sampler.latest(KERNEL)!.scratchBytes).toBeLessThan(4 * MIB);
    } finally {
      controller.abort();
      await sampling;
    }
  });

  it('has no traffic where there is no network, and none of the machine’s on its own', async () => {
    await start({ command: ['/bin/sleep', '3600'], network: 'none' });
    expect(await sampler.finalSample(KERNEL)).toMatchObject({ netRxBytes: 0, netTxBytes: 0 });
    await start({ command: ['/bin/sleep', '3600'], network: 'host' });
    sampler.markEnded(KERNEL);
    kernels = kernels.map((kernel) => ({ ...kernel, kernelId: 'other' as KernelId }));
    expect(await sampler.finalSample('other' as KernelId)).toMatchObject({ netRxBytes: null, netTxBytes: null });
    sampler.markEnded('other' as KernelId);
  });

  it('stands as last seen when the container has died by itself, and nothing stays open', async () => {
    const containerId = await start({ command: ['/bin/sh', '-c', 'while [ ! -e /home/work/go ]; do sleep 0.1; done'] });
    const descriptors = async () => (await readdir('/proc/self/fd')).length;
    const before = await descriptors();
    const seen = await sampler.finalSample(KERNEL);
    expect(seen!.cpuNs).toBeGreaterThan(0);
    expect(await descriptors()).toBeGreaterThan(before);
    await writeFile(join(work, 'go'), '');
    await vi.waitFor(async () => expect((await driver.inspect(containerId))?.state).toBe('exited'), { timeout: 10_000 });
    sampler.markEnded(KERNEL);
    expect(sampler.latest(KERNEL)).toEqual({ ...seen, final: 'last-seen' });
    expect(await descriptors()).toBe(before);
  });

  it('adds up over a restart', async () => {
    const burn = [
      '/usr/bin/python3',
      '-c',
      'import time\nwhile time.process_time() < 0.3: pass\nopen("/home/work/done", "w").close()\ntime.sleep(3600)',
    ];
    const burnt = async () => {
      await vi.waitFor(() => expect(existsSync(join(work, 'done'))).toBe(true), { timeout: 10_000, interval: 20 });
      await rm(join(work, 'done'));
      return (await sampler.finalSample(KERNEL))!;
    };
    await start({ command: burn });
    const first = await burnt();
    await start({ command: burn });
    kernels = kernels.map((kernel) => ({ ...kernel, incarnation: 2 }));
    const second = await burnt();
    expect(second.cpuNs! - first.cpuNs!).toBeGreaterThanOrEqual(0.3e9);
  });
});
