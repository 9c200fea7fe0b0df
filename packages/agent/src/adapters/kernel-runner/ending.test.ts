import { describe, expect, it } from 'vitest';
import { endOf, endOfUnsent } from './ending.js';

describe('the end of a run', () => {
  it.each([
    [0, null, 0, { exitCode: 0, signal: null, reason: 'exited', detail: '' }],
    [3, 'interrupted', 0, { exitCode: 3, signal: null, reason: 'interrupted' }],
    [-2, 'interrupted', 0, { exitCode: null, signal: 'SIGINT', reason: 'interrupted' }],
    [-9, null, 0, { exitCode: null, signal: 'SIGKILL', reason: 'signal' }],
    [-15, 'time-limit', 0, { exitCode: null, signal: 'SIGTERM', reason: 'time-limit' }],
    [-99, null, 0, { exitCode: null, signal: 'signal 99', reason: 'signal' }],
    [300, null, 0, { exitCode: 255 }],
    [127, null, 0, { exitCode: 127, reason: 'exited', detail: '' }],
    [127, null, 3, { exitCode: 127, reason: 'exited', detail: 'the build failed with code 3' }],
  ] as const)('with code %d, asked %s, after a build with code %d', (code, asked, build, end) => {
    expect(endOf(code, asked, build)).toMatchObject(end);
  });

  it('of one that never began is that of what was asked', () => {
    expect(endOfUnsent('killed')).toMatchObject({ exitCode: null, signal: 'SIGKILL', reason: 'killed' });
  });
});
