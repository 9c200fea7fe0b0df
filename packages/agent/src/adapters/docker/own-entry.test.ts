import { describe, expect, it } from 'vitest';
import type { ContainerPlan } from '../../ports/driver.js';
import { containerOptions } from './container-options.js';

const plan: ContainerPlan = {
  name: 'berth-k-1',
  labels: { agentId: 'a', stateId: 's', namespace: 'n', kernelId: 'k', sessionId: 's', incarnation: 1 },
  imageId: 'sha256:1',
  command: [],
  mounts: [{ source: '/a', target: '/home/work', readOnly: false }],
  tmpfs: [],
  cpus: 1,
  cpuset: [0, 2],
  memoryBytes: 1000,
  pids: 10,
  network: 'bridge',
  ownEntry: {
    env: { LOCAL_USER_ID: '7', A: 'b=c' },
    ports: [
      { containerPort: 2000, hostAddress: '127.0.0.1', hostPort: null },
      { containerPort: 2002, hostAddress: '10.0.0.1', hostPort: 30000 },
    ],
    tty: true,
    stopSignal: 'SIGINT',
  },
};
const options = (command: string[] = []) =>
  containerOptions(plan, { env: ['PATH=/bin', 'LD_PRELOAD=/hook.so'], volumes: ['/home/work', '/other'], command });

describe('options of a container with its own entrypoint', () => {
  it('leave to the image what it runs, as whom, where, and its environment', () => {
    const made = options();
    for (const name of ['Entrypoint', 'Cmd', 'User', 'WorkingDir']) expect(made).not.toHaveProperty(name);
    expect(made.Env).toEqual(['LOCAL_USER_ID=7', 'A=b=c']);
    expect(made).toMatchObject({ Tty: true, OpenStdin: true, StopSignal: 'SIGINT' });
  });

  it('publish ports on the addresses that were given', () => {
    const { ExposedPorts, HostConfig } = options();
    expect(Object.keys(ExposedPorts ?? {})).toEqual(['2000/tcp', '2002/tcp']);
    expect(HostConfig.PortBindings).toEqual({
      '2000/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }],
      '2002/tcp': [{ HostIp: '10.0.0.1', HostPort: '30000' }],
    });
    expect(HostConfig.PublishAllPorts).toBeUndefined();
  });

  it('give what an entrypoint needs to become a user, and no more', () => {
    expect(options().HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'SETUID', 'SETGID', 'DAC_OVERRIDE', 'FOWNER', 'KILL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: false,
    });
  });

  it.each([
    [['/entry.sh', '/home/backend.ai/jail', '-policy', 'x'], true],
    [['/home/sorna/jail'], true],
    [['/bin/jailer', 'jail.sh'], false],
  ])('lift the filter of system calls only for the jail, which has its own: %j', (command, lifted) => {
    expect(options(command).HostConfig.SecurityOpt?.includes('seccomp=unconfined')).toBe(lifted);
  });

  it('keep limits, mounts and labels as they are for all', () => {
    const { HostConfig, Labels } = options();
    expect(HostConfig).toMatchObject({ Memory: 1000, MemorySwap: 1000, CpusetCpus: '0,2', PidsLimit: 10, NetworkMode: 'bridge' });
    expect(HostConfig.Mounts).toHaveLength(1);
    expect(Object.keys(HostConfig.Tmpfs as object)).toEqual(['/other']);
    expect(Labels?.['ai.berth.kernel']).toBe('k');
  });

  it('keep a little of what the entrypoint says', () => {
    expect(options().HostConfig.LogConfig).toEqual({ Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } });
  });
});
