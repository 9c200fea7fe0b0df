import { describe, expect, it } from 'vitest';
import { reasonOf, type EndFacts } from './reason.js';

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
