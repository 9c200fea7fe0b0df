import { IN_KERNEL, type KernelSpec } from '@berth/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeDriver } from '../../../testing/fake-driver.js';
import { someFacts } from '../../../testing/model.js';
import type { ContainerPlan } from '../../ports/driver.js';
import { emptyDraft } from '../hook.js';
import { ownEntryContainerHook, type OwnEntrySettings } from './own-entry-container.js';

const OWNER = { agentId: 'a', stateId: 's', namespace: 'n' };

let driver: FakeDriver;
beforeEach(() => (driver = new FakeDriver()));

async function acquire(
  spec: Partial<KernelSpec> = {},
  labels: Record<string, string> = {},
  settings: OwnEntrySettings = { terminalAddress: '10.0.0.7' },
): Promise<ContainerPlan> {
  const draft = emptyDraft();
  draft.image = { imageId: 'i', labels, env: { PATH: '/bin' }, mounts: [] };
  draft.mounts.push(
    { source: '/', target: IN_KERNEL.run, readOnly: false },
    { source: '/', target: IN_KERNEL.work, readOnly: false },
  );
  draft.tmpfs.push({ target: IN_KERNEL.private, sizeBytes: 1, mode: 0o700 });
  const facts = someFacts({ network: 'bridge', ...spec }, { uid: 4321 });
  let made = '';
  const context = { facts, draft, signal: new AbortController().signal, containerMade: async (id: string) => void (made = id) };
  await ownEntryContainerHook(driver, OWNER, settings).acquire(context);
  return driver.planOf(made);
}

describe('the container of a kernel that brings its supervisor', () => {
  it('listens on this machine alone, and has a user of the kernel’s number', async () => {
    const { ownEntry } = await acquire({ env: { LOCAL_USER_ID: '0', A: 'b' } });
    expect(ownEntry).toEqual({
      env: { A: 'b', LOCAL_USER_ID: '4321' },
      ports: [2000, 2001].map((containerPort) => ({ containerPort, hostAddress: '127.0.0.1', hostPort: null })),
      tty: true,
      stopSignal: 'SIGINT',
    });
  });

  it.each(['ai.backend.features', 'io.sorna.features'])(
    'gives its terminal to the manager where %s says that it has one',
    async (label) => {
      const { ownEntry } = await acquire({}, { [label]: 'query tty uid-match' });
      expect(ownEntry?.ports.map(({ containerPort, hostAddress }) => [containerPort, hostAddress])).toEqual([
        [2000, '127.0.0.1'],
        [2001, '127.0.0.1'],
        [2002, '10.0.0.7'],
        [2003, '10.0.0.7'],
      ]);
    },
  );

  it('sees nothing of what is between agent and runner', async () => {
    const { mounts, tmpfs } = await acquire();
    expect([mounts.map(({ target }) => target), tmpfs]).toEqual([[IN_KERNEL.work], []]);
  });

  it('has the files of who works on its runner', async () => {
    const mount = { source: '/', target: '/home/backend.ai/jail', readOnly: true };
    expect((await acquire({}, {}, { debugMounts: [mount] })).mounts.at(-1)).toEqual(mount);
  });

  it('stays when it is dead, if that was asked for', async () => {
    await acquire();
    const facts = someFacts({ network: 'bridge' }, { uid: 4321 });
    const end = { reason: 'user-requested', detail: '', at: 0 } as const;
    await ownEntryContainerHook(driver, OWNER, { keepDeadContainers: true }).release({ facts, containerId: null, end });
    expect(await driver.list(OWNER)).toHaveLength(1);
    await ownEntryContainerHook(driver, OWNER, {}).release({ facts, containerId: null, end });
    expect(await driver.list(OWNER)).toHaveLength(0);
  });

  it.each(['none', 'host'] as const)('is refused with the network %s', async (network) => {
    await expect(acquire({ network })).rejects.toMatchObject({
      code: 'create-failed',
      message: expect.stringContaining(network),
    });
    expect(await driver.list(OWNER)).toEqual([]);
  });

  it('is removed also when its id never came to the journal', async () => {
    await acquire();
    const facts = someFacts();
    const end = { reason: 'user-requested', detail: '', at: 0 } as const;
    await ownEntryContainerHook(driver, OWNER, {}).release({ facts, containerId: null, end });
    expect(await driver.list(OWNER)).toEqual([]);
  });
});
