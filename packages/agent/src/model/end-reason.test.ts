import { describe, expect, it } from 'vitest';
import { endReason, type EndEvidence } from './end-reason.js';

const PLAIN: EndEvidence = { rebooted: false, missing: false, exitCode: 1, oomKilled: false, note: null };

describe('the reason of an end that came by itself', () => {
  const rows: [string, Partial<EndEvidence>, string][] = [
    ['the runner just ended', {}, 'runner-lost'],
    ['the container is not there', { missing: true, exitCode: null }, 'container-lost'],
    ['the limit killed the runner', { oomKilled: true, exitCode: 137 }, 'oom'],
    ['the limit killed somebody, the runner ended otherwise', { oomKilled: true, exitCode: 1 }, 'runner-lost'],
    ['a kill without the limit', { exitCode: 137 }, 'runner-lost'],
    ['a reboot, and the container is stopped', { rebooted: true, exitCode: 255 }, 'host-reboot'],
    ['a reboot, and the container is not there', { rebooted: true, missing: true }, 'host-reboot'],
    ['the runner left word: nobody came', { note: { reason: 'dead-man', at: 0 }, exitCode: 0 }, 'dead-man'],
    ['the runner left word: time is over', { note: { reason: 'lifetime', at: 0 }, exitCode: 0 }, 'lifetime'],
    ['the runner left word before a reboot', { note: { reason: 'lifetime', at: 0 }, rebooted: true }, 'lifetime'],
  ];
  for (const [what, evidence, reason] of rows) {
    it(`${what}: ${reason}`, () => expect(endReason({ ...PLAIN, ...evidence }).reason).toBe(reason));
  }

  it('says that it was stopped from outside, when the runner heard that', () => {
    const { reason, detail } = endReason({ ...PLAIN, exitCode: 0, note: { reason: 'shutdown', at: 0 } });
    expect(reason).toBe('runner-lost');
    expect(detail).toMatch(/stopped from outside/);
  });
});
