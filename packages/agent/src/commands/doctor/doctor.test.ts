import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BerthError } from '@berth/wire';
import { resolveAgentSettings } from '../../config/resolve.js';
import type { SettingName } from '../../config/agent-settings.js';
import { neededDrivers } from './context.js';
import { driversOf } from './drivers.js';
import { green, red, worst, yellow } from './finding.js';
import { openDoctor } from './index.js';
import { PROBES } from './probes/index.js';
import { selection } from './select.js';
import { isManaged } from './settings.js';
import { CHECKS } from './table.js';

describe('a finding of several', () => {
  it('is the worst of them, with what to do about that', () => {
    expect(worst([green('a'), yellow('b', 'do b'), red('c', 'do c')])).toEqual(red('b; c', 'do c'));
    expect(worst([yellow('a', 'do a'), yellow('b', 'do b')])).toEqual(yellow('a; b', 'do a'));
    expect(worst([green('a'), green('b')])).toEqual(green('a; b'));
  });
});

describe('the checks that are wanted', () => {
  const known = ['docker.engine', 'docker.memory', 'machine.node'];
  it.each([
    [[], known],
    [['machine.node'], ['machine.node']],
    [['docker'], ['docker.engine', 'docker.memory']],
    [['docker.memory, machine'], ['docker.memory', 'machine.node']],
  ])('of %j are %j', (only, expected) => {
    expect(known.filter(selection(only, known).wants)).toEqual(expected);
  });

  it.each(['docker.memori', 'dock', '', 'docker.'])('refuse %j', (name) => {
    expect(() => selection([name], known)).toThrow(expect.objectContaining({ code: 'bad-usage' }) as Error);
  });

  it('say what may have been meant', () => {
    expect(() => selection(['docker.memori'], known)).toThrow(/Did you mean docker\.memory\?/);
  });
});

describe('the node that is examined', () => {
  const managed = (flags: Record<string, string>, env: Record<string, string> = {}) => {
    const { origins } = resolveAgentSettings({ flags, env, file: undefined, etcd: undefined });
    return isManaged(Object.entries(origins) as [SettingName, (typeof origins)[SettingName]][]);
  };

  it('is one under a manager once something of it is set', () => {
    expect(managed({ namespace: 'x' })).toBe(true);
    expect(managed({}, { BACKEND_ETCD_ADDR: '10.0.0.1:2379' })).toBe(true);
    expect(managed({}, { BERTH_STATE_DIR: '/x' })).toBe(true);
  });

  it('is one of its own otherwise, whatever other tools have set', () => {
    expect(managed({})).toBe(false);
    expect(managed({}, { DOCKER_HOST: 'unix:///x', BERTH_LOG_LEVEL: 'debug' })).toBe(false);
    expect(managed({}, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_S3_BUCKET: 'c' })).toBe(
      false,
    );
  });
});

describe('the drivers that a node needs', () => {
  const answer = { description: '', apiVersion: '' };
  const away = new BerthError('driver-unavailable', 'away');
  it.each([
    ['docker', [answer, answer], ['docker']],
    ['sandbox', [answer, away], ['sandbox']],
    ['auto', [answer, answer], ['docker']],
    ['auto', [away, answer], ['sandbox']],
    ['auto', [away, away], ['docker', 'sandbox']],
  ] as const)('%s, %j', (wanted, [docker, sandbox], expected) => {
    const answers = new Map([
      ['docker', docker],
      ['sandbox', sandbox],
    ] as const);
    expect([...neededDrivers(wanted, answers)]).toEqual(expected);
  });
});

describe('the doctor', () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-doctor-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const settings = {
    driver: 'docker',
    docker: { socketPath: join(directory, 'docker.sock') },
    dataDir: join(directory, 'data'),
    scratchRoot: join(directory, 'data/scratch'),
    listen: { host: '127.0.0.1', port: 0 },
    managed: undefined,
  };

  const drivers = driversOf({ driver: 'auto' }).filter(({ name }) => name === 'docker');

  it('has ids that are used once', () => {
    const ids = [
      ...CHECKS,
      ...driversOf({ driver: 'auto' }).flatMap(({ name }) => PROBES.map(({ id }) => ({ id: `${name}.${id}` }))),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('looks at all that it can without Docker, and starts nothing', async () => {
    const doctor = await openDoctor({ flags: {}, quick: false, only: [], parts: { settings, drivers } });
    try {
      const ids = doctor.examinations.map(({ id }) => id);
      expect(ids).toContain('docker.engine');
      expect(ids).not.toContain('docker.storage');
      expect(ids).not.toContain('cluster.etcd');
      expect(ids.filter((id) => id === 'docker.memory')).toEqual([]);
      for (const { id, examine } of doctor.examinations) {
        const { state, detail } = await examine();
        expect([id, state, detail]).toEqual([id, id === 'docker.engine' ? 'red' : expect.stringMatching(/green|yellow/), detail]);
      }
    } finally {
      await doctor.close();
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says of what was asked for by name why it cannot be looked at', async () => {
    const only = ['docker.memory,docker.storage,cluster.etcd', 'machine'];
    const doctor = await openDoctor({ flags: {}, quick: false, only, parts: { settings, drivers } });
    const states: Record<string, string> = {};
    for (const { id, examine } of doctor.examinations) if (!id.startsWith('machine.')) states[id] = (await examine()).state;
    await doctor.close();
    expect(states).toEqual({ 'docker.storage': 'yellow', 'cluster.etcd': 'yellow', 'docker.memory': 'red' });
  });

  it('ends at once when it is told to', async () => {
    const abort = new AbortController();
    const doctor = await openDoctor({ flags: {}, quick: true, only: ['machine'], signal: abort.signal, parts: { settings } });
    abort.abort(new Error('enough'));
    await expect(doctor.examinations[0]!.examine()).rejects.toThrow('enough');
    await doctor.close();
  });
});
