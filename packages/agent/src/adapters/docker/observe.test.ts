import { describe, expect, it } from 'vitest';
import { toDockerLabels } from './labels.js';
import { isInspected, isListed, observationOf, type Inspected } from './observe.js';

const labels = { agentId: 'a', stateId: 's', namespace: 'n', kernelId: 'k', sessionId: 's', incarnation: 1 };
const inspected = (Status: string, ExitCode = 0, Pid = 0): Inspected => ({
  Id: 'abc',
  Name: '/berth-k-1',
  Config: { Labels: toDockerLabels(labels) },
  State: { Status, ExitCode, OOMKilled: true, Pid },
});

describe('observationOf', () => {
  it.each([
    ['created', 'created'],
    ['running', 'running'],
    ['restarting', 'running'],
    ['paused', 'paused'],
    ['exited', 'exited'],
    ['removing', 'removing'],
    ['dead', 'removing'],
  ])('takes %s for %s', (status, state) => {
    expect(observationOf(inspected(status))?.state).toBe(state);
  });

  it('has an exit code only after the end', () => {
    expect(observationOf(inspected('exited', 3))?.exitCode).toBe(3);
    expect(observationOf(inspected('created', 127))?.exitCode).toBeNull();
  });

  it('has a pid only while there is a process', () => {
    expect(['running', 'paused', 'exited'].map((status) => observationOf(inspected(status, 0, 7))?.pid)).toEqual([7, 7, null]);
    expect(observationOf(inspected('running'))?.pid).toBeNull();
  });

  it('drops the slash that Docker puts before names', () => {
    expect(observationOf(inspected('running'))).toMatchObject({ name: 'berth-k-1', containerId: 'abc', labels, oomKilled: true });
  });

  it('sees no container of ours where labels are missing, nor an unknown state', () => {
    expect(observationOf({ ...inspected('running'), Config: { Labels: null } })).toBeUndefined();
    expect(observationOf(inspected('dreaming'))).toBeUndefined();
  });

  it.each([undefined, null, 'nonsense', [], {}, { Id: 7 }, { ...inspected('running'), Config: null }, inspected('dreaming')])(
    'takes %j for no inspection',
    (answer) => expect(isInspected(answer)).toBe(false),
  );

  it.each([undefined, 'nonsense', {}, [null], [{ Id: 'a' }], [{ Id: 'a', Names: ['/a'], Labels: {} }]])(
    'takes %j for no list',
    (answer) => expect(isListed(answer)).toBe(false),
  );

  it('takes what Docker says for what it is', () => {
    expect(isInspected(inspected('running'))).toBe(true);
    expect(isListed([])).toBe(true);
    expect(isListed([{ Id: 'a', Names: null, Labels: null, State: 'dead', More: 1 }])).toBe(true);
  });

  it('tells where published ports are, and of none when there are none', () => {
    const Ports = { '2000/tcp': [{ HostIp: '127.0.0.1', HostPort: '49153' }], '2002/tcp': null, '2003/tcp': [] };
    expect(observationOf({ ...inspected('running'), NetworkSettings: { Ports } })?.ports).toEqual({
      2000: { host: '127.0.0.1', port: 49153 },
    });
    expect(observationOf({ ...inspected('running'), NetworkSettings: { Ports: null } })).not.toHaveProperty('ports');
  });
});
