/** Model-based: random inputs in any order, with crashes between any two steps, against a small world of its own. */
import fc from 'fast-check';
import { KERNEL_PHASES } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { someFacts, T0 } from '../../testing/model.js';
import { decide, type KernelEffect, type KernelInput } from './decide.js';
import type { JournalEntry } from './journal-entries.js';
import { newKernel, phaseOf, replay, viewOf, type KernelState } from './kernel-state.js';
import type { Sighting } from './observed.js';

type Container = 'none' | 'created' | 'running' | 'paused' | 'exited';

/** The world around the model: a journal that survives, a container, and work under way that does not survive a crash. */
class World {
  readonly journal: JournalEntry[] = [{ type: 'create', facts: someFacts({ leaseSeconds: 100 }) }];
  state: KernelState = newKernel(someFacts({ leaseSeconds: 100 }), T0);
  container: Container = 'none';
  now = T0;
  setUp = false;
  releasing = false;
  /** What the driver is asked to do. */
  pausing: boolean | null = null;
  firstReason: string | null = null;
  leftovers = false;
  /** The container of the incarnation before is still there. */
  old = false;
  #phase = 0;

  get incarnation(): number {
    return this.state.facts.incarnation;
  }

  input(input: KernelInput): void {
    const { state, effects } = decide(this.state, input, this.now);
    this.state = state;
    for (const effect of effects) this.#effect(effect);
    this.check();
  }

  #effect(effect: KernelEffect): void {
    if (effect.type === 'journal') {
      this.journal.push(effect.entry);
      if (effect.entry.type === 'restart') {
        this.old ||= this.container !== 'none';
        this.container = 'none';
        this.pausing = null;
        this.#phase = 0;
      }
    }
    if (effect.type === 'set-up') {
      expect(this.setUp, 'one set-up at a time').toBe(false);
      this.setUp = true;
      this.leftovers = true;
    }
    if (effect.type === 'pause') {
      expect(this.pausing, 'one act at a time').toBe(null);
      this.pausing = effect.paused;
    }
    if (effect.type === 'release') {
      expect(this.setUp, 'nothing is undone while things are made').toBe(false);
      expect(this.releasing, 'one release at a time').toBe(false);
      this.releasing = true;
    }
  }

  check(): void {
    const phase = KERNEL_PHASES.indexOf(phaseOf(this.state));
    expect(phase, 'phases go forward only').toBeGreaterThanOrEqual(this.#phase);
    this.#phase = phase;
    const { reason } = viewOf(this.state);
    if (this.firstReason !== null) expect(reason, 'the first reason wins').toBe(this.firstReason);
    this.firstReason = reason;
    const again = replay(this.journal, this.now)!;
    expect(again.desired, 'the journal tells what is wanted').toEqual(this.state.desired);
    expect(again.containerId).toBe(this.state.containerId);
    expect(again.readyAt).toBe(this.state.readyAt);
    expect(again.livesSince).toBe(this.state.livesSince);
    expect(again.facts).toEqual(this.state.facts);
    if (this.state.released)
      expect([this.container, this.old, this.leftovers], 'nothing is left').toEqual(['none', false, false]);
  }

  look(): void {
    const sighting: Sighting = this.container === 'none' ? 'missing' : this.container;
    if (sighting === 'missing' && this.state.containerId === null) return;
    this.input({ type: 'sighting', incarnation: this.incarnation, sighting, end: { reason: 'runner-lost', detail: '' } });
  }

  /** The process dies; what it was doing stops where it is; the next life reads the journal and looks. */
  crash(): void {
    if (this.state.released) return;
    this.setUp = false;
    this.releasing = false;
    this.pausing = null;
    this.state = replay(this.journal, this.now)!;
    this.look();
    this.input({ type: 'resume' });
  }

  /** The driver does what it was asked, and is looked at. */
  pause({ fails }: { readonly fails: boolean }): void {
    const paused = this.pausing;
    if (paused === null) return;
    this.pausing = null;
    const { incarnation } = this;
    if (!fails && (this.container === 'running' || this.container === 'paused')) this.container = paused ? 'paused' : 'running';
    this.look();
    this.input({ type: fails ? 'pause-failed' : 'pause-done', incarnation, paused });
  }

  /** One step of whatever work is under way. */
  work(): void {
    this.pause({ fails: false });
    if (this.setUp) {
      const stop = this.state.desired.want === 'stop';
      if (stop || this.container === 'exited') {
        this.setUp = false;
        this.input({
          type: 'setup-failed',
          incarnation: this.incarnation,
          reason: stop ? 'cancelled' : 'create-failed',
          detail: '',
        });
      } else if (this.old) this.old = false;
      else if (this.container === 'none') this.container = 'created';
      else if (this.state.containerId === null)
        this.input({ type: 'container-made', incarnation: this.incarnation, containerId: 'c' });
      else if (this.container === 'created') this.container = 'running';
      else if (this.state.link !== 'up') this.input({ type: 'link-up', incarnation: 1 });
      else {
        this.setUp = false;
        this.input({ type: 'setup-done', incarnation: 1 });
      }
    } else if (this.releasing) {
      if (this.container !== 'none') this.container = 'none';
      else if (this.old) this.old = false;
      else {
        this.leftovers = false;
        this.releasing = false;
        this.input({ type: 'released' });
      }
    }
  }
}

type Step = (world: World) => void;
const named = (name: string, step: Step): Step => Object.assign(step, { toString: () => name, [fc.toStringMethod]: () => name });
const steps: Step[] = [
  named('work', (w) => w.work()),
  named('resume', (w) => w.input({ type: 'resume' })),
  named('stop', (w) => w.input({ type: 'stop', reason: 'user-requested', detail: '', graceMs: 0 })),
  named('die', (w) => {
    if (w.container === 'running' || w.container === 'paused') w.container = 'exited';
  }),
  named('removed behind our back', (w) => {
    if (!w.setUp && w.container !== 'none' && w.state.containerId !== null) w.container = 'none';
  }),
  named('look', (w) => w.look()),
  named('look twice', (w) => (w.look(), w.look())),
  named('unreachable', (w) => w.input({ type: 'sighting', incarnation: w.incarnation, sighting: 'unreachable' })),
  named('stale exit', (w) => w.input({ type: 'sighting', incarnation: w.incarnation - 1, sighting: 'exited' })),
  named('link down', (w) => w.input({ type: 'link-down', incarnation: w.incarnation })),
  named('release fails', (w) => {
    if (w.releasing) {
      w.releasing = false;
      w.input({ type: 'release-failed' });
    }
  }),
  named('restart', (w) => w.input({ type: 'restart', token: 'cd'.repeat(32) })),
  named('pause', (w) => w.input({ type: 'pause', paused: true })),
  named('go on', (w) => w.input({ type: 'pause', paused: false })),
  named('pause fails', (w) => w.pause({ fails: true })),
  named('driver back', (w) => w.input({ type: 'driver-back' })),
  named('renew', (w) => w.input({ type: 'renew' })),
  named('time', (w) => {
    w.now += 30_000;
    w.input({ type: 'tick' });
  }),
  named('crash', (w) => w.crash()),
];

describe('a kernel under random inputs and crashes', () => {
  it('keeps its invariants, and ends with nothing left once it is to end', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 60 }), (sequence) => {
        const world = new World();
        world.input({ type: 'resume' });
        for (const step of sequence) step(world);
        world.input({ type: 'stop', reason: 'user-requested', detail: '', graceMs: 0 });
        for (let i = 0; i < 40 && !world.state.released; i++) {
          world.work();
          world.now += 30_000;
          world.input({ type: 'tick' });
        }
        expect(world.state.released).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('stands still or goes on as was said last, whatever comes between', () => {
    const disturbing = ['crash', 'look', 'look twice', 'unreachable', 'resume', 'work', 'driver back', 'pause', 'go on'];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...steps.filter((s) => disturbing.includes(String(s)))), { maxLength: 40 }),
        fc.boolean(),
        (sequence, paused) => {
          const world = new World();
          world.input({ type: 'resume' });
          for (let i = 0; i < 10; i++) world.work();
          world.look();
          for (const step of sequence) step(world);
          world.look();
          world.input({ type: 'pause', paused });
          world.crash();
          for (let i = 0; i < 3; i++) {
            world.work();
            world.input({ type: 'tick' });
          }
          expect(world.container).toBe(paused ? 'paused' : 'running');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('becomes ready by itself when nothing disturbs it but crashes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...steps.filter((s) => ['work', 'crash', 'look', 'resume'].includes(String(s)))), {
          maxLength: 40,
        }),
        (sequence) => {
          const world = new World();
          world.input({ type: 'resume' });
          for (const step of sequence) step(world);
          for (let i = 0; i < 10; i++) world.work();
          if (world.state.link !== 'up') world.input({ type: 'link-up', incarnation: 1 });
          expect(phaseOf(world.state)).toBe('running');
        },
      ),
      { numRuns: 500 },
    );
  });
});
