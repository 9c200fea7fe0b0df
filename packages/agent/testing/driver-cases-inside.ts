/** What a program inside finds: the plan, and the hardening that never varies. */
import assert from 'node:assert/strict';
import type { DriverCase } from './driver-case.js';

const MIB = 1024 * 1024;

export const cases: readonly DriverCase[] = [
  {
    name: 'the program runs in /, as root where the driver may make one',
    async run({ plan, fixture }) {
      const { uid, directory } = await fixture.lookInside(await plan());
      assert.deepEqual({ uid, directory }, { uid: fixture.expected.uid, directory: '/' });
    },
  },
  {
    name: 'nothing of the environment of the image reaches the program',
    async run({ driver, plan, fixture }) {
      const { env } = await driver.resolveImage(fixture.image);
      const { environment } = await fixture.lookInside(await plan());
      assert.deepEqual(
        environment.filter((name) => name in env),
        [],
      );
    },
  },
  {
    name: 'the root file system is read-only',
    async run({ plan, fixture }) {
      assert.equal((await fixture.lookInside(await plan())).rootReadOnly, true);
    },
  },
  {
    name: 'only the capabilities that a runner needs are left, and none can be gained',
    async run({ plan, fixture }) {
      const { capabilities, noNewPrivileges } = await fixture.lookInside(await plan());
      assert.deepEqual({ capabilities, noNewPrivileges }, { capabilities: fixture.expected.capabilities, noNewPrivileges: true });
    },
  },
  {
    name: 'network none has no interface but the loopback',
    async run({ plan, fixture }) {
      assert.deepEqual((await fixture.lookInside(await plan({ network: 'none' }))).interfaces, ['lo']);
    },
  },
  {
    name: 'localhost is there, also without a network',
    async run({ plan, fixture }) {
      assert.equal((await fixture.lookInside(await plan({ network: 'none' }))).localhost, true);
    },
  },
  {
    name: 'mounts are read-only or writable as planned',
    async run({ plan, fixture }) {
      const source = fixture.directory;
      const mounts = [
        { source, target: '/opt/fixed', readOnly: true },
        { source, target: '/home/work', readOnly: false },
      ];
      const inside = (await fixture.lookInside(await plan({ mounts }))).mounts;
      assert.deepEqual([inside['/opt/fixed']?.readOnly, inside['/home/work']?.readOnly], [true, false]);
    },
  },
  {
    name: 'a memory file system has the planned size and mode',
    async run({ plan, fixture }) {
      const tmpfs = [{ target: '/berth', sizeBytes: MIB, mode: 0o700 }];
      const inside = (await fixture.lookInside(await plan({ tmpfs }))).mounts;
      assert.deepEqual(inside['/berth'], { readOnly: false, bytes: MIB, mode: 0o700 });
    },
  },
  {
    name: 'memory is limited as planned, swap included',
    async run({ plan, fixture }) {
      const { memoryBytes, memoryAndSwapBytes } = await fixture.lookInside(await plan({ memoryBytes: 96 * MIB }));
      assert.deepEqual([memoryBytes, memoryAndSwapBytes], [96 * MIB, 96 * MIB]);
    },
  },
  {
    name: 'processors are limited as planned',
    async run({ plan, fixture }) {
      assert.equal((await fixture.lookInside(await plan({ cpus: 0.5 }))).cpus, 0.5);
    },
  },
  {
    name: 'cores are those of the plan',
    async run({ plan, fixture }) {
      assert.deepEqual((await fixture.lookInside(await plan({ cpuset: [0] }))).cores, [0]);
    },
  },
  {
    name: 'processes are limited as planned',
    async run({ plan, fixture }) {
      assert.equal((await fixture.lookInside(await plan({ pids: 33 }))).pids, 33);
    },
  },
];
