import { VirtualClock } from '@berth/base';
import { beforeEach, describe, expect, it } from 'vitest';
import { Completions } from './completions.js';

let clock: VirtualClock;
let sent: string[];
let completions: Completions;
beforeEach(() => {
  clock = new VirtualClock();
  sent = [];
  completions = new Completions((type) => sent.push(type), clock);
});

describe('completions', () => {
  it('go to who asked for them', async () => {
    const [first, second] = [completions.ask('1'), completions.ask('2')];
    expect(sent).toEqual(['complete', 'status', 'complete', 'status']);
    completions.completion(['a']);
    completions.status();
    completions.completion(['b']);
    completions.status();
    expect([await first, await second]).toEqual([['a'], ['b']]);
    expect(clock.pending).toBe(0);
  });

  it('are none when the runner answers nothing, and the next caller is not hurt', async () => {
    const [first, second] = [completions.ask('1'), completions.ask('2')];
    completions.status();
    completions.completion(['b']);
    completions.status();
    expect([await first, await second]).toEqual([[], ['b']]);
  });

  it('that come late find nobody', async () => {
    const first = completions.ask('1');
    clock.advance(2000);
    expect(await first).toEqual([]);
    const second = completions.ask('2');
    completions.completion(['late']);
    completions.status();
    completions.completion(['in time']);
    completions.status();
    expect(await second).toEqual(['in time']);
  });

  it('bear answers to an earlier life of the agent', async () => {
    completions.completion(['old']);
    completions.status();
    const asked = completions.ask('1');
    completions.completion(['new']);
    completions.status();
    expect(await asked).toEqual(['new']);
  });

  it('are none when the link ends', async () => {
    const asked = completions.ask('1');
    completions.giveUp();
    expect(await asked).toEqual([]);
  });
});
