import { describe, expect, it } from 'vitest';
import type { ContainerPlan } from '../../ports/driver.js';
import { containerOptions } from './container-options.js';

const plan: ContainerPlan = {
  name: 'berth-k-1',
  labels: { agentId: 'a', stateId: 's', namespace: 'n', kernelId: 'k'.repeat(64), sessionId: 's', incarnation: 1 },
  imageId: 'sha256:1',
  command: ['/opt/berth/bin/node', 'x'],
  mounts: [{ source: '/a', target: '/data', readOnly: true }],
  tmpfs: [{ target: '/tmp', sizeBytes: 1024, mode: 0o1777 }],
  cpus: 0.1,
  cpuset: null,
  memoryBytes: 1000,
  pids: 10,
  network: 'none',
};
const bare = { env: [], volumes: [] };

describe('containerOptions', () => {
  it('takes every variable of the image away, also odd ones', () => {
    const env = ['PATH=/bin', 'LD_PRELOAD=/evil.so', 'BARE', '=nameless', 'A=b=c'];
    expect(containerOptions(plan, { ...bare, env }).Env).toEqual(['PATH', 'LD_PRELOAD', 'BARE', 'A']);
  });

  it('lets memory stand in for volumes of the image, unless the plan has something there', () => {
    const volumes = ['/cache', '/data', '/data/', '/tmp'];
    const { Tmpfs } = containerOptions(plan, { ...bare, volumes }).HostConfig;
    expect(Object.keys(Tmpfs ?? {}).sort()).toEqual(['/cache', '/tmp']);
    expect(Tmpfs?.['/tmp']).toBe('rw,exec,nosuid,nodev,size=1024,mode=1777');
  });

  it('limits swap together with memory', () => {
    const { Memory, MemorySwap, NanoCpus } = containerOptions(plan, bare).HostConfig;
    expect([Memory, MemorySwap, NanoCpus]).toEqual([1000, 1000, 100_000_000]);
  });

  it('names the cores, or leaves all', () => {
    expect(containerOptions({ ...plan, cpuset: [0, 2, 3] }, bare).HostConfig.CpusetCpus).toBe('0,2,3');
    expect(containerOptions(plan, bare).HostConfig.CpusetCpus).toBe('');
  });

  it('cuts the host name to what the kernel takes', () => {
    expect(containerOptions(plan, bare).Hostname).toHaveLength(63);
  });

  it('spares the set-up of a network only when there is none and the plan brings the names', () => {
    const hosts = { source: '/hosts', target: '/etc/hosts', readOnly: true };
    expect(containerOptions(plan, bare).NetworkDisabled).toBe(false);
    expect(containerOptions({ ...plan, mounts: [hosts] }, bare).NetworkDisabled).toBe(true);
    expect(containerOptions({ ...plan, mounts: [hosts], network: 'bridge' }, bare).NetworkDisabled).toBe(false);
  });

  it('replaces what the image would run, and how', () => {
    expect(containerOptions(plan, bare)).toMatchObject({
      Entrypoint: ['/opt/berth/bin/node', 'x'],
      Cmd: [],
      User: '0:0',
      WorkingDir: '/',
      Healthcheck: { Test: ['NONE'] },
    });
  });
});
