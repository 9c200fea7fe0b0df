/** The doctor's probes on a real Docker: green as it is, and red each when the one thing that it looks for is switched off. */
import { once } from 'node:events';
import { readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DockerDriver } from '../../packages/agent/src/adapters/docker/index.js';
import { PROBES } from '../../packages/agent/src/commands/doctor/probes/index.js';
import type { CreateBody } from '../../packages/agent/testing/meddling-docker.js';
import { Berth, collect } from '../support/berth.js';
import { ABSENT, DoctorWorld, FAULTS } from '../support/doctor.js';
import { describeWithDocker } from '../support/services.js';

const hostConfig = (changes: Record<string, unknown>) => (body: CreateBody) => ({
  ...body,
  HostConfig: { ...body.HostConfig, ...changes },
});

const OF_DOCKER: typeof FAULTS = [
  ['network', 'the network none, for a bridge', { plan: () => ({ network: 'bridge' }) }, /eth0/],
  [
    'runner',
    'the closed directory of the supervisor',
    {
      // Not by the mode of the file system in memory: it takes that of the directory in the image.
      plan: ({ tmpfs, mounts }, directory) => ({
        tmpfs: tmpfs.filter(({ target }) => target !== '/berth'),
        mounts: [...mounts, { source: join(directory, 'open'), target: '/berth', readOnly: false }],
      }),
    },
    /its directory, its output, its socket/,
  ],
  ['privileges', 'no-new-privileges', { create: hostConfig({ SecurityOpt: [] }) }, /set-uid programs work/],
  ['read-only', 'the read-only root', { create: hostConfig({ ReadonlyRootfs: false }) }, /writable in a session: \/ /],
];

describeWithDocker('the doctor', (docker) => {
  let world: DoctorWorld;
  beforeEach(async () => {
    world = await DoctorWorld.create('docker', docker.socketPath, ({ socketPath }) => new DockerDriver({ socketPath }));
  });
  afterEach(() => world.dispose());

  it('finds every promise kept on this engine, but for the size of /home/work', async () => {
    const { findings, left } = await world.examine(PROBES.map(({ id }) => `docker.${id}`));
    expect(findings.size).toBe(PROBES.length);
    for (const [id, finding] of findings)
      expect([id, finding]).toMatchObject([id, { state: id === 'docker.quota' ? 'yellow' : 'green' }]);
    expect(left).toEqual([]);
  }, 60_000);

  it('has for each probe something that is switched off', () => {
    const noticed = [...FAULTS, ...OF_DOCKER].map(([id]) => id);
    expect([...new Set([...noticed, ...ABSENT])].sort()).toEqual(PROBES.map(({ id }) => id).sort());
  });

  it.each([...FAULTS, ...OF_DOCKER])(
    'is red by its probe %s without %s',
    async (id, _what, fault, says) => {
      const { findings, left } = await world.examine([`docker.${id}`], fault);
      expect(findings.get(`docker.${id}`)).toMatchObject({ state: 'red', detail: expect.stringMatching(says) as string });
      expect(left).toEqual([]);
    },
    60_000,
  );

  it('tells once why no session starts, and does not try for each probe', async () => {
    const ids = ['docker.start', 'docker.memory', 'docker.time'];
    const { findings } = await world.examine(ids, { plan: () => ({ command: ['/bin/false'] }) });
    expect([...findings.values()].map(({ state }) => state)).toEqual(['red', 'yellow', 'yellow']);
  }, 60_000);

  it('leaves nothing when it is interrupted', async () => {
    const berth = await Berth.create(docker);
    try {
      const child = berth.spawn(['doctor', '--only', 'docker.start,docker.memory,docker.time,docker.cpu']);
      const ended = collect(child);
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 130 });
      expect(await readdir(berth.dataDir)).toEqual([]);
    } finally {
      await berth.dispose();
    }
  }, 60_000);

  it('takes away what one left that was killed, once that is certain to be over', async () => {
    const berth = await Berth.create(docker);
    try {
      const child = berth.spawn(['doctor', '--only', 'docker.start,docker.time']);
      const ended = collect(child);
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await ended;
      const [name] = await readdir(berth.dataDir);
      const left = join(berth.dataDir, name!);
      const owner = JSON.parse(await readFile(join(left, 'state/agent.json'), 'utf8')) as { agentId: string; stateId: string };
      const again = () => berth.run(['doctor', '--only', 'docker.start']);

      expect(await again()).toMatchObject({ code: 0 });
      expect(await readdir(berth.dataDir)).toEqual([name]);

      const tenMinutesAgo = (await stat(left)).mtimeMs / 1000 - 600;
      await utimes(left, tenMinutesAgo, tenMinutesAgo);
      expect(await again()).toMatchObject({ code: 0 });
      expect(await readdir(berth.dataDir)).toEqual([]);
      expect(await new DockerDriver({ socketPath: docker.socketPath }).list(owner)).toEqual([]);
    } finally {
      await berth.dispose();
    }
  }, 60_000);
});
