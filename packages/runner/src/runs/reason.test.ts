import { describe, expect, it } from 'vitest';
import { reasonOf, throttledShare, whySlow, type EndFacts } from './reason.js';

const none = { oom: 0, pids: 0 };
const base: EndFacts = { exitCode: 1, signal: null, asked: [], before: none, after: none, diskFull: false };
const bySignal = (signal: string) => ({ exitCode: null, signal });

describe('the reason of an end', () => {
  it.each<[string, Partial<EndFacts>, string]>([
    ['a failure of its own', {}, 'exited'],
    ['success, whatever was asked', { exitCode: 0, asked: ['killed'] }, 'exited'],
    ['a signal that nobody here sent', bySignal('SIGSEGV'), 'signal'],
    ['an interrupt that was heeded', { ...bySignal('SIGINT'), asked: ['interrupted', 'killed'] }, 'interrupted'],
    ['an interrupt that was not', { ...bySignal('SIGKILL'), asked: ['interrupted', 'killed'] }, 'killed'],
    ['the time limit before the kill', { ...bySignal('SIGKILL'), asked: ['time-limit', 'killed'] }, 'time-limit'],
    [
      'memory, though an interrupt was asked for',
      { ...bySignal('SIGKILL'), asked: ['interrupted'], after: { oom: 1, pids: 0 } },
      'oom',
    ],
    ['memory of a child', { after: { oom: 1, pids: 0 } }, 'oom'],
    ['memory that ran out earlier', { before: { oom: 1, pids: 0 }, after: { oom: 1, pids: 0 } }, 'exited'],
    ['processes', { after: { oom: 0, pids: 3 } }, 'pids-limit'],
    ['the disk', { diskFull: true }, 'disk-full'],
  ])('is told for %s', (_name, facts, reason) => {
    expect(reasonOf({ ...base, ...facts })).toBe(reason);
  });
});

describe('the share that the CPU limit took', () => {
  const at = (periods: number, throttled: number) => ({ periods, throttled });
  it.each([
    ['of no time', at(5, 1), at(5, 1), 0],
    ['when it was never reached', at(5, 1), at(15, 1), 0],
    ['when it was reached at times', at(5, 1), at(15, 6), 0.5],
    ['when a count is behind', at(5, 1), at(6, 3), 1],
    ['where it is not told', undefined, at(6, 3), null],
  ])('%s', (_name, before, after, share) => {
    expect(throttledShare(before, after)).toBe(share);
  });

  it('is the reason of slowness only where it is large, and the run long and not ended by something else', () => {
    expect(whySlow('exited', 3000, 0.934)).toBe('The CPU limit of the session held it back in 93 % of its time.');
    expect([whySlow('exited', 3000, 0.4), whySlow('exited', 900, 0.9), whySlow('exited', 3000, null)]).toEqual(['', '', '']);
    expect(whySlow('killed', 3000, 0.9)).toBe('');
  });
});
