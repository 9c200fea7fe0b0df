import { describe, expect, it } from 'vitest';
import type { ContainerPlan } from '../../ports/driver.js';
import { sandboxOptions, type Surroundings } from './command.js';

const plan: ContainerPlan = {
  name: 'berth-k-1',
  labels: { agentId: 'a', stateId: 's', namespace: 'n', kernelId: 'k'.repeat(64), sessionId: 's', incarnation: 1 },
  imageId: 'host',
  command: ['/opt/berth/bin/node', 'x'],
  mounts: [{ source: '/run-1', target: '/berth/run', readOnly: false }],
  tmpfs: [{ target: '/berth', sizeBytes: 1024, mode: 0o700 }],
  cpus: 1,
  cpuset: null,
  memoryBytes: 1000,
  pids: 10,
  network: 'none',
};
const root: Surroundings = { maker: { uid: 0, gid: 0 }, root: [], groups: [], covered: ['/proc/keys'], shown: [] };
const user: Surroundings = { ...root, maker: { uid: 1000, gid: 1000 } };
const text = (change: Partial<ContainerPlan>, around: Surroundings) =>
  ` ${sandboxOptions({ ...plan, ...change }, around).join(' ')} `;

describe('options of a sandbox', () => {
  it('make a network of its own unless that of the machine is asked for', () => {
    expect(text({}, root)).toContain(' --unshare-net ');
    expect(text({ network: 'host' }, root)).not.toContain('--unshare-net');
  });

  it('make other namespaces in any case', () => {
    for (const name of ['pid', 'ipc', 'uts']) expect(text({ network: 'host' }, user)).toContain(` --unshare-${name} `);
  });

  it('leave root three capabilities, and others none in a user namespace', () => {
    expect(text({}, root)).toContain(' --cap-drop ALL --cap-add CAP_KILL --cap-add CAP_SETGID --cap-add CAP_SETUID --clearenv ');
    expect(text({}, user)).toContain(' --unshare-user --uid 1000 --gid 1000 --cap-drop ALL --clearenv ');
  });

  it('cover what root could change of the kernel, and leave /proc whole for who must make another', () => {
    expect(text({}, root)).toContain(' --ro-bind /proc/sys /proc/sys --ro-bind /dev/null /proc/keys ');
    expect(text({}, user)).not.toContain('/proc/keys');
  });

  it('mount what lies higher first, and seal the root last', () => {
    const options = text({}, root);
    expect(options.indexOf('--tmpfs /berth ')).toBeLessThan(options.indexOf('--bind /run-1 /berth/run '));
    expect(options).toMatch(/--remount-ro \/dev --remount-ro \/ --chdir \/ $/);
  });

  it('cut the host name to what the kernel takes', () => {
    expect(text({}, root)).toContain(` --hostname ${'k'.repeat(63)} `);
  });
});
