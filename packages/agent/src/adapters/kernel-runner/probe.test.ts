import { describe, expect, it } from 'vitest';
import { Probe } from './probe.js';

const FINISHED = (code: number) => ['finished', code] as const;
const BUILT = (code: number) => ['build-finished', code] as const;

describe('a probe', () => {
  it.each([
    ['whose run ended by itself', [FINISHED(7), FINISHED(0), BUILT(0)], ['held', { ended: 7 }, 'swallowed']],
    ['whose run still built', [BUILT(3), FINISHED(127), FINISHED(0), BUILT(0)], ['other', 'held', { ended: 127 }, 'swallowed']],
    ['whose run is nowhere', [FINISHED(0), BUILT(0)], ['held', 'lost']],
    ['whose run was handed over in part', [BUILT(0), FINISHED(0), BUILT(0)], ['other', 'held', 'lost']],
  ])('%s tells so, and is over', (_, messages, answers) => {
    const probe = new Probe();
    expect(messages.map(([kind, code]) => probe.take(kind, code))).toEqual(answers);
    expect(probe.open).toBe(false);
    expect(probe.take('finished', 1)).toBe('other');
  });

  it('that was never sent itself takes what it held for the end', () => {
    const probe = new Probe();
    probe.take('finished', 5);
    expect([probe.holds, probe.hurried]).toEqual([true, true]);
    expect(probe.giveUp()).toEqual({ ended: 5 });
    expect(probe.open).toBe(false);
  });
});
