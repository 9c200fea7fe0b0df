import { describe, expect, it } from 'vitest';
import { someFacts, T0 } from '../../testing/model.js';
import { decide, releaseDelay, type KernelEffect, type KernelInput } from './decide.js';
import { newKernel, phaseOf, type KernelState } from './kernel-state.js';

const END = { reason: 'runner-lost', detail: 'gone' } as const;

function play(state: KernelState, inputs: readonly KernelInput[], now = T0): { state: KernelState; effects: KernelEffect[] } {
  const effects: KernelEffect[] = [];
  for (const input of inputs) {
    const decision = decide(state, input, now);
    state = decision.state;
    effects.push(...decision.effects);
  }
  return { state, effects };
}

const RESUME = { type: 'resume' } as const;
const MADE = { type: 'container-made', incarnation: 1, containerId: 'c' } as const;
const UP = { type: 'link-up', incarnation: 1 } as const;
const DOWN = { type: 'link-down', incarnation: 1 } as const;
const DONE = { type: 'setup-done', incarnation: 1 } as const;
const RUNNING = { type: 'sighting', incarnation: 1, sighting: 'running' } as const;
const EXITED = { type: 'sighting', incarnation: 1, sighting: 'exited', end: END } as const;
const STOP = { type: 'stop', reason: 'user-requested', detail: '', graceMs: 100 } as const;
const LIFE = [RESUME, MADE, RUNNING, UP, DONE];
const kinds = (effects: readonly KernelEffect[]) =>
  effects.map((e) => (e.type === 'journal' ? `journal ${e.entry.type}` : e.type));

describe('a kernel that is made', () => {
  it('passes its phases in order', () => {
    let state = newKernel(someFacts(), T0);
    const phases = [phaseOf(state)];
    for (const input of [...LIFE, STOP, { type: 'released' } as const]) {
      state = decide(state, input, T0).state;
      if (phases.at(-1) !== phaseOf(state)) phases.push(phaseOf(state));
    }
    expect(phases).toEqual(['preparing', 'starting', 'running', 'stopping', 'terminated']);
  });

  it('journals what it must find again', () => {
    expect(kinds(play(newKernel(someFacts(), T0), LIFE).effects)).toEqual(['set-up', 'journal container', 'journal ready']);
  });

  it('is set up once although asked twice', () => {
    expect(kinds(play(newKernel(someFacts(), T0), [RESUME, RESUME]).effects)).toEqual(['set-up']);
  });

  it('is only linked again when it was ready in an earlier life', () => {
    const ready = { ...newKernel(someFacts(), T0), containerId: 'c', readyAt: T0 };
    expect(kinds(play(ready, [RESUME]).effects)).toEqual(['keep-link']);
  });

  it('is undone when set-up fails, with the reason given', () => {
    const failed = { type: 'setup-failed', incarnation: 1, reason: 'create-failed', detail: 'no image' } as const;
    const { state, effects } = play(newKernel(someFacts(), T0), [RESUME, failed]);
    expect(kinds(effects)).toEqual(['set-up', 'journal stop', 'release']);
    expect(state.desired).toMatchObject({ want: 'stop', reason: 'create-failed', detail: 'no image' });
  });
});

describe('a pause', () => {
  const PAUSE = { type: 'pause', paused: true } as const;
  const GO_ON = { type: 'pause', paused: false } as const;
  const PAUSED = { type: 'sighting', incarnation: 1, sighting: 'paused' } as const;
  const ACTED = { type: 'pause-done', incarnation: 1, paused: true } as const;
  const WENT_ON = { type: 'pause-done', incarnation: 1, paused: false } as const;
  const FAILED = { type: 'pause-failed', incarnation: 1, paused: true } as const;
  const TICK = { type: 'tick' } as const;
  const UNREACHABLE = { type: 'sighting', incarnation: 1, sighting: 'unreachable' } as const;
  const before = kinds(play(newKernel(someFacts(), T0), LIFE).effects).length;

  it.each<[string, readonly KernelInput[], readonly string[]]>([
    ['is journalled before the act', [PAUSE], ['journal pause', 'pause']],
    ['twice acts once', [PAUSE, PAUSE], ['journal pause', 'pause', 'journal pause']],
    ['of a paused one does nothing', [PAUSED, PAUSE], []],
    ['then a resume acts twice', [PAUSE, PAUSED, ACTED, GO_ON], ['journal pause', 'pause', 'journal pause', 'pause']],
    [
      'that is taken back while it is done is undone after',
      [PAUSE, GO_ON, PAUSED, ACTED],
      ['journal pause', 'pause', 'journal pause', 'pause'],
    ],
    ['that failed is taken back', [PAUSE, FAILED, TICK], ['journal pause', 'pause', 'journal pause']],
    ['that was undone behind our back is done again', [PAUSE, PAUSED, ACTED, RUNNING, TICK], ['journal pause', 'pause', 'pause']],
    ['by somebody else is let be', [PAUSED, TICK], []],
    ['by somebody else after a resume of ours too', [PAUSED, GO_ON, RUNNING, WENT_ON, PAUSED, TICK], ['journal pause', 'pause']],
    ['is not tried while the driver is away', [UNREACHABLE, PAUSE, TICK], ['journal pause']],
    ['is over with the end', [PAUSE, STOP, ACTED, TICK], ['journal pause', 'pause', 'journal stop', 'release']],
  ])('%s', (_, inputs, expected) => {
    expect(kinds(play(newKernel(someFacts(), T0), [...LIFE, ...inputs]).effects).slice(before)).toEqual(expected);
  });

  it('whose undoing failed is undone again with the next tick', () => {
    const { effects } = play(newKernel(someFacts(), T0), [...LIFE, PAUSED, GO_ON, { ...FAILED, paused: false }, TICK]);
    expect(kinds(effects).slice(before)).toEqual(['journal pause', 'pause', 'pause']);
  });

  it('is forgotten by a restart', () => {
    const { state } = play(newKernel(someFacts(), T0), [...LIFE, PAUSE, PAUSED, ACTED, { type: 'restart', token: 'x' }]);
    expect([state.pauseWanted, state.pausing]).toEqual([null, false]);
  });

  it('holds up neither lease nor lifetime', () => {
    const { state } = play(newKernel(someFacts({ lifetimeSeconds: 10 }), T0), [...LIFE, PAUSE, PAUSED, ACTED]);
    expect(decide(state, TICK, T0 + 10_000).state.desired).toMatchObject({ reason: 'lifetime' });
  });
});

describe('a stop', () => {
  it('before set-up has come to rest waits for it', () => {
    const first = play(newKernel(someFacts(), T0), [RESUME, STOP]);
    expect(kinds(first.effects)).toEqual(['set-up', 'journal stop', 'abort-setup']);
    expect(kinds(play(first.state, [DONE]).effects)).toEqual(['release']);
  });

  it('keeps the first reason', () => {
    const { state } = play(newKernel(someFacts(), T0), [...LIFE, STOP, EXITED, { ...STOP, reason: 'lifetime' }]);
    expect(state.desired).toMatchObject({ reason: 'user-requested' });
  });

  it('twice releases once', () => {
    expect(kinds(play(newKernel(someFacts(), T0), [...LIFE, STOP, STOP]).effects).filter((k) => k === 'release')).toHaveLength(1);
  });

  it('found in the journal goes on with the release', () => {
    const stopped = play(newKernel(someFacts(), T0), [...LIFE, STOP]).state;
    expect(kinds(play({ ...stopped, releasing: false }, [RESUME]).effects)).toEqual(['release']);
  });

  it('whose release failed is tried again after a growing wait', () => {
    const { state } = play(newKernel(someFacts(), T0), [...LIFE, STOP, { type: 'release-failed' }]);
    expect(kinds(play(state, [{ type: 'tick' }], T0 + releaseDelay(1) - 1).effects)).toEqual([]);
    expect(kinds(play(state, [{ type: 'tick' }], T0 + releaseDelay(1)).effects)).toEqual(['release']);
    expect(releaseDelay(2)).toBeGreaterThan(releaseDelay(1));
    expect(releaseDelay(50)).toBe(30_000);
  });

  it('whose release failed is tried again at once when the driver is back', () => {
    const { state } = play(newKernel(someFacts(), T0), [...LIFE, STOP, { type: 'release-failed' }]);
    expect(kinds(play(state, [{ type: 'driver-back' }]).effects)).toEqual(['release']);
    expect(kinds(play(newKernel(someFacts(), T0), [...LIFE, { type: 'driver-back' }]).effects)).not.toContain('release');
  });

  it('is the end: later inputs change nothing', () => {
    const { state } = play(newKernel(someFacts(), T0), [...LIFE, STOP, { type: 'released' }]);
    const late = play(state, [RESUME, RUNNING, UP, EXITED, STOP, { type: 'tick' }]);
    expect(late.state).toBe(state);
    expect(late.effects).toEqual([]);
  });
});

describe('a container that ends by itself', () => {
  it('stops the kernel with the reason found', () => {
    const { state, effects } = play(newKernel(someFacts(), T0), [...LIFE, EXITED]);
    expect(state.desired).toMatchObject({ want: 'stop', ...END });
    expect(kinds(effects).slice(-2)).toEqual(['journal stop', 'release']);
  });

  it('seen twice is told once', () => {
    expect(
      kinds(play(newKernel(someFacts(), T0), [...LIFE, EXITED, EXITED]).effects).filter((k) => k === 'journal stop'),
    ).toHaveLength(1);
  });

  it('is not ended by a driver that cannot be asked', () => {
    const unreachable = { type: 'sighting', incarnation: 1, sighting: 'unreachable' } as const;
    const { state } = play(newKernel(someFacts(), T0), [...LIFE, unreachable]);
    expect([state.observed, phaseOf(state)]).toEqual(['unknown', 'running']);
    expect(play(state, [RUNNING]).state.observed).toBe('running');
  });
});

describe('the link', () => {
  it('going down ends nothing', () => {
    const { state } = play(newKernel(someFacts(), T0), [...LIFE, DOWN]);
    expect([state.link, phaseOf(state)]).toEqual(['down', 'running']);
  });

  it('coming up again is not a second beginning', () => {
    expect(
      kinds(play(newKernel(someFacts(), T0), [...LIFE, DOWN, UP]).effects).filter((k) => k === 'journal ready'),
    ).toHaveLength(1);
  });
});

describe('time', () => {
  it('ends a kernel whose lease was not renewed, and not before', () => {
    const state = play(newKernel(someFacts({ leaseSeconds: 10 }), T0), LIFE).state;
    expect(play(state, [{ type: 'tick' }], T0 + 9_999).state.desired.want).toBe('run');
    expect(play(state, [{ type: 'tick' }], T0 + 10_000).state.desired).toMatchObject({ reason: 'lease-expired' });
    const renewed = decide(state, { type: 'renew' }, T0 + 9_000).state;
    expect(play(renewed, [{ type: 'tick' }], T0 + 18_999).state.desired.want).toBe('run');
  });

  it('counts the lifetime from ready', () => {
    const ready = decide(newKernel(someFacts({ lifetimeSeconds: 5 }), T0), UP, T0 + 60_000).state;
    expect(play(ready, [{ type: 'tick' }], T0 + 64_999).state.desired.want).toBe('run');
    expect(play(ready, [{ type: 'tick' }], T0 + 65_000).state.desired).toMatchObject({ reason: 'lifetime' });
  });

  it('without lease and lifetime ends nothing', () => {
    const state = play(newKernel(someFacts(), T0), LIFE).state;
    expect(play(state, [{ type: 'tick' }], T0 + 1e12).state).toEqual(state);
  });
});

describe('an input of another incarnation', () => {
  for (const input of [MADE, UP, DOWN, DONE, RUNNING, EXITED]) {
    it(`is stale: ${input.type}`, () => {
      const state = play(newKernel(someFacts({}, { incarnation: 2 }), T0), [RESUME]).state;
      expect(decide(state, input, T0)).toEqual({ state, effects: [], stale: true });
    });
  }
});

describe('a kernel that is restarted', () => {
  const ready = play(newKernel(someFacts({ lifetimeSeconds: 60 }), T0), LIFE).state;
  const RESTART = { type: 'restart', token: 'cd'.repeat(32) } as const;

  it('gives up its link and is set up as its next incarnation, the intent first', () => {
    const { state, effects } = play(ready, [RESTART]);
    expect(kinds(effects)).toEqual(['journal restart', 'drop-link', 'set-up']);
    expect(state.facts).toMatchObject({ incarnation: 2, token: RESTART.token, kernelId: 'k1' });
    expect([phaseOf(state), state.containerId, state.observed, state.link]).toEqual(['preparing', null, 'absent', 'none']);
  });

  it('hears nothing more of the container of before', () => {
    const { state } = play(ready, [RESTART]);
    expect(decide(state, EXITED, T0)).toEqual({ state, effects: [], stale: true });
  });

  it('lives no longer for it', () => {
    const again = play(ready, [RESTART], T0 + 50_000).state;
    const up = play(again, [{ type: 'link-up', incarnation: 2 }], T0 + 51_000).state;
    expect(play(up, [{ type: 'tick' }], T0 + 60_000).state.desired).toMatchObject({ want: 'stop', reason: 'lifetime' });
  });

  const NOT_NOW: readonly (readonly [string, KernelState])[] = [
    ['before it was ready', play(newKernel(someFacts(), T0), [RESUME, MADE]).state],
    ['while it is being made', play(newKernel(someFacts(), T0), [RESUME, MADE, UP]).state],
    ['once it is to end', play(ready, [STOP]).state],
  ];
  it.each(NOT_NOW)('is not %s', (_, state) => expect(decide(state, RESTART, T0)).toEqual({ state, effects: [], stale: false }));
});
