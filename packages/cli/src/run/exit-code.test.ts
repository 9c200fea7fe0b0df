import { describe, expect, it } from 'vitest';
import { FINISH_REASONS } from '@berth/wire';
import { endNotice, exitCodeOf } from './exit-code.js';

describe('exitCodeOf', () => {
  it.each([
    [0, null, 0],
    [3, null, 3],
    [255, null, 255],
    [null, 'SIGINT', 130],
    [null, 'SIGKILL', 137],
    [null, 'SIGTERM', 143],
    [null, 'SIGUNHEARD', 128],
  ])('of exit code %s and signal %s is %d', (exitCode, signal, code) => {
    expect(exitCodeOf({ exitCode, signal })).toBe(code);
  });
});

describe('endNotice', () => {
  it('is silent about ends that the program or the user made', () => {
    for (const reason of ['exited', 'signal', 'interrupted', 'killed'] as const) {
      expect(endNotice({ reason, detail: 'x', stateLost: false })).toBeUndefined();
    }
  });

  it('tells every other end, in the words of the runner where there are some', () => {
    for (const reason of FINISH_REASONS.slice(4)) {
      expect(endNotice({ reason, detail: '', stateLost: false })).toMatch(/^the /);
      expect(endNotice({ reason, detail: 'because', stateLost: false })).toBe('because');
    }
  });

  it('tells that variables are lost', () => {
    expect(endNotice({ reason: 'killed', detail: '', stateLost: true })).toBe('the variables of the session are lost');
  });
});
