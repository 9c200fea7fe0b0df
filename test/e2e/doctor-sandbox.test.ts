/** The doctor's probes on real sandboxes: what holds is green, what an ordinary user cannot limit is said, and what is switched off is red. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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
