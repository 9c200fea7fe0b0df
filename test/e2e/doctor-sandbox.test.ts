/** The doctor's probes on real sandboxes: what holds is green, what an ordinary user cannot limit is said, and what is switched off is red. */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxDriver } from '../../packages/agent/src/adapters/sandbox/index.js';
import { PROBES } from '../../packages/agent/src/commands/doctor/probes/index.js';
import { DoctorWorld, FAULTS } from '../support/doctor.js';
import { describeWithBubblewrap, isRoot } from '../support/sandbox.js';

/** Limits that need control groups, which only root has. */
const GROUPED = ['memory', 'cpu'];

describeWithBubblewrap('the doctor on sandboxes', () => {
  let world: DoctorWorld;
  beforeEach(async () => {
    world = await DoctorWorld.create(
      'sandbox',
      '/nonexistent/docker.sock',
      ({ state }) => new SandboxDriver({ directory: join(state, 'sandboxes') }),
    );
  });
  afterEach(() => world.dispose());

  it('finds every promise kept, but for the size of /home/work and what it says of ordinary users', async () => {
    const { findings, left } = await world.examine(PROBES.map(({ id }) => `sandbox.${id}`));
    expect(findings.size).toBe(PROBES.length);
    const yellow = ['quota', ...(isRoot ? [] : GROUPED)].map((id) => `sandbox.${id}`);
    for (const [id, finding] of findings)
      expect([id, finding]).toMatchObject([id, { state: yellow.includes(id) ? 'yellow' : 'green' }]);
    if (!isRoot) expect(findings.get('sandbox.cpu')).toMatchObject({ detail: expect.stringMatching(/not limited/) as string });
    expect(left).toEqual([]);
  }, 60_000);

  it.each(FAULTS.filter(([id]) => isRoot || !GROUPED.includes(id)))(
    'is not green by its probe %s without %s',
    async (id, _what, fault, says) => {
      const { findings, left } = await world.examine([`sandbox.${id}`], fault);
      // What an ordinary user cannot limit as a whole is no broken promise, and said to be so.
      const state = isRoot || id !== 'pids' ? 'red' : 'yellow';
      expect(findings.get(`sandbox.${id}`)).toMatchObject({ state, detail: expect.stringMatching(says) as string });
      expect(left).toEqual([]);
    },
    60_000,
  );
});

/** What only isolation gives, and as an ordinary user what control groups would. */
const ISOLATING = ['tmp', 'network', 'hidden', 'privileges', 'read-only', ...(isRoot ? [] : ['runner'])];

describe('the doctor without isolation', () => {
  let world: DoctorWorld;
  /** With `silent` the driver does not say what it lacks, and so promises it. */
  const makeWorld = async ({ silent }: { readonly silent: boolean }) => {
    world = await DoctorWorld.create('plain', '/nonexistent/docker.sock', ({ state }) => {
      const driver = new SandboxDriver({ directory: join(state, 'sandboxes'), isolation: 'none' });
      if (silent) driver.probe = () => Promise.resolve({ description: '', apiVersion: '' });
      return driver;
    });
    // Without mounts, programs of other users go through it.
    await chmod(world.directory, 0o755);
    return world;
  };
  afterEach(() => world.dispose());

  it('says of each promise that it is not made, in capital letters above all', async () => {
    const { findings } = await (
      await makeWorld({ silent: false })
    ).examine(PROBES.map(({ id }) => `plain.${id}`).concat('plain.limits'));
    expect(findings.get('plain.limits')).toMatchObject({
      state: 'yellow',
      detail: expect.stringMatching(/^NO ISOLATION: [A-Z ,]+\./) as string,
    });
    const yellow = ['limits', 'quota', ...ISOLATING, ...(isRoot ? [] : [...GROUPED, 'pids'])].map((id) => `plain.${id}`);
    for (const [id, finding] of findings)
      expect([id, finding]).toMatchObject([id, { state: yellow.includes(id) ? 'yellow' : 'green' }]);
  }, 60_000);

  it('finds each broken that were promised all the same', async () => {
    const { findings } = await (await makeWorld({ silent: true })).examine(ISOLATING.map((id) => `plain.${id}`));
    expect([...findings.values()].map(({ state }) => state)).toEqual(ISOLATING.map(() => 'red'));
  }, 60_000);
});
