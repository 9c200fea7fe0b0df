/**
 * The heart: state and input in, next state and effects out. Pure; time is an input. Every change of a kernel goes through
 * here, in the order of its mailbox.
 */
import type { TerminationReason } from '@berth/wire';
import type { EndReason } from './end-reason.js';
import type { JournalEntry } from './journal-entries.js';
import { applyEntry, type KernelState } from './kernel-state.js';
import { isOver, OBSERVED_TRANSITIONS, type Sighting } from './observed.js';

export type KernelInput =
  /** Begin or, after a crash, take up again what `desired` asks for. */
  | { readonly type: 'resume' }
  | { readonly type: 'container-made'; readonly incarnation: number; readonly containerId: string }
  | { readonly type: 'setup-done'; readonly incarnation: number }
  | { readonly type: 'setup-failed'; readonly incarnation: number; readonly reason: TerminationReason; readonly detail: string }
  /** A look at the driver. `end` must be given with `exited` and `missing`. */
  | { readonly type: 'sighting'; readonly incarnation: number; readonly sighting: Sighting; readonly end?: EndReason }
  | { readonly type: 'link-up'; readonly incarnation: number }
  | { readonly type: 'link-down'; readonly incarnation: number }
  | { readonly type: 'stop'; readonly reason: TerminationReason; readonly detail: string; readonly graceMs: number }
  /** Ignored unless the kernel runs and nothing is being made or undone. */
  | { readonly type: 'restart'; readonly token: string }
  /** Ignored unless the kernel runs and nothing is being made or undone. */
  | { readonly type: 'pause'; readonly paused: boolean }
  /** `paused`: what the driver was asked for; something else may be wanted by now. */
  | { readonly type: 'pause-done'; readonly incarnation: number; readonly paused: boolean }
  | { readonly type: 'pause-failed'; readonly incarnation: number; readonly paused: boolean }
  | { readonly type: 'renew' }
  | { readonly type: 'released' }
  | { readonly type: 'release-failed' }
  /** A release that failed is tried again at once. */
  | { readonly type: 'driver-back' }
  | { readonly type: 'tick' };

export type KernelEffect =
  /** To the journal, before any later effect. */
  | { readonly type: 'journal'; readonly entry: JournalEntry }
  /** Run the hooks. */
  | { readonly type: 'set-up' }
  /** The runner of before is given up; the next `set-up` brings another. */
  | { readonly type: 'drop-link' }
  /** Tell running hooks to come to rest. */
  | { readonly type: 'abort-setup' }
  /** Seek the runner until it answers or the container is over. */
  | { readonly type: 'keep-link' }
  /** Ask the driver to let the processes stand still, or go on. */
  | { readonly type: 'pause'; readonly paused: boolean }
  /** End programs with grace, then undo everything. */
  | { readonly type: 'release'; readonly graceMs: number };

export interface Decision {
  readonly state: KernelState;
  readonly effects: readonly KernelEffect[];
  /** True for an input of another incarnation: it is dropped, and counted by the caller. */
  readonly stale: boolean;
}

/** Waits after a failed release, in milliseconds: doubling, at most 30 s. */
export const releaseDelay = (failures: number): number => Math.min(30_000, 500 * 2 ** Math.min(failures, 10));

/** Decides. Never throws; an input that means nothing in this state changes nothing. */
export function decide(state: KernelState, input: KernelInput, now: number): Decision {
  if ('incarnation' in input && input.incarnation !== state.facts.incarnation) return { state, effects: [], stale: true };
  const draft = new Draft(state, now);
  if (!state.released) draft.take(input);
  return { state: draft.state, effects: draft.effects, stale: false };
}

class Draft {
  state: KernelState;
  readonly effects: KernelEffect[] = [];
  readonly #now: number;

  constructor(state: KernelState, now: number) {
    this.state = state;
    this.#now = now;
  }

  take(input: KernelInput): void {
    switch (input.type) {
      case 'resume':
        return this.#resume();
      case 'container-made':
        return this.#record({ type: 'container', containerId: input.containerId });
      case 'setup-done':
        this.#set({ settingUp: false });
        return this.#releaseIfDue();
      case 'setup-failed':
        this.#set({ settingUp: false });
        return this.#stop(input.reason, input.detail, 0);
      case 'sighting':
        return this.#sighted(input.sighting, input.end);
      case 'link-up':
        this.#set({ link: 'up' });
        if (this.state.readyAt === null) this.#record({ type: 'ready', at: this.#now });
        return;
      case 'link-down':
        if (this.state.link === 'up') this.#set({ link: 'down' });
        return;
      case 'stop':
        return this.#stop(input.reason, input.detail, input.graceMs);
      case 'restart':
        return this.#restart(input.token);
      case 'pause':
        return this.#pause(input.paused);
      case 'pause-done':
        this.#set({ pausing: false });
        // It goes on as was wanted: from now on what others do with the container is their business again.
        if (!input.paused && this.state.pauseWanted === false) this.#set({ pauseWanted: null });
        return this.#pauseIfDue();
      case 'pause-failed':
        this.#set({ pausing: false });
        // Who was told that it failed must not find it paused later; a resume is tried again with each tick.
        if (input.paused && this.state.pauseWanted === true) this.#record({ type: 'pause', paused: false, at: this.#now });
        return;
      case 'renew':
        return this.#renew();
      case 'released':
        return this.#set({ releasing: false, released: true, link: 'down' });
      case 'release-failed': {
        const failures = this.state.releaseFailures + 1;
        return this.#set({ releasing: false, releaseFailures: failures, releaseAfter: this.#now + releaseDelay(failures) });
      }
      case 'driver-back':
        this.#set({ releaseAfter: 0 });
        this.#pauseIfDue();
        return this.#releaseIfDue();
      case 'tick':
        return this.#tick();
    }
  }

  #resume(): void {
    if (this.state.desired.want === 'stop') return this.#releaseIfDue();
    if (this.state.readyAt !== null) {
      this.effects.push({ type: 'keep-link' });
      this.#pauseIfDue();
    } else if (!this.state.settingUp) {
      this.#set({ settingUp: true });
      this.effects.push({ type: 'set-up' });
    }
  }

  #restart(token: string): void {
    const { desired, readyAt, settingUp, facts } = this.state;
    if (desired.want === 'stop' || readyAt === null || settingUp) return;
    this.#record({ type: 'restart', incarnation: facts.incarnation + 1, token, at: this.#now });
    this.#set({ settingUp: true });
    this.effects.push({ type: 'drop-link' }, { type: 'set-up' });
  }

  #pause(paused: boolean): void {
    const { desired, readyAt, settingUp, observed, pausing, pauseWanted } = this.state;
    if (desired.want === 'stop' || readyAt === null || settingUp) return;
    // Nothing is written for what is so already, and is not about to change.
    if ((observed === 'paused') === paused && !pausing && pauseWanted !== !paused) return;
    this.#record({ type: 'pause', paused, at: this.#now });
    this.#pauseIfDue();
  }

  /** One act at a time; what is wanted and what is seen are compared anew after each. */
  #pauseIfDue(): void {
    const { desired, settingUp, pausing, pauseWanted, observed } = this.state;
    if (desired.want === 'stop' || settingUp || pausing || pauseWanted === null) return;
    if (observed !== (pauseWanted ? 'running' : 'paused')) return;
    this.#set({ pausing: true });
    this.effects.push({ type: 'pause', paused: pauseWanted });
  }

  #sighted(sighting: Sighting, end: EndReason | undefined): void {
    const next = OBSERVED_TRANSITIONS.next(this.state.observed, sighting);
    if (next === undefined) return;
    this.#set({ observed: next });
    if (isOver(next)) this.#stop(end?.reason ?? 'runner-lost', end?.detail ?? '', 0);
  }

  #stop(reason: TerminationReason, detail: string, graceMs: number): void {
    if (this.state.desired.want === 'run') {
      this.#record({ type: 'stop', reason, detail, graceMs, at: this.#now });
      if (this.state.settingUp) this.effects.push({ type: 'abort-setup' });
    }
    this.#releaseIfDue();
  }

  /** Undoing begins only when nothing is being made any more, so that a late acquire cannot slip past it. */
  #releaseIfDue(): void {
    const { desired, settingUp, releasing, releaseAfter } = this.state;
    if (desired.want !== 'stop' || settingUp || releasing || this.#now < releaseAfter) return;
    this.#set({ releasing: true });
    this.effects.push({ type: 'release', graceMs: desired.graceMs });
  }

  #renew(): void {
    const seconds = this.state.facts.spec.leaseSeconds;
    if (seconds !== null) this.#set({ leaseUntil: this.#now + seconds * 1000 });
  }

  #tick(): void {
    const { leaseUntil, livesSince, facts } = this.state;
    const { lifetimeSeconds } = facts.spec;
    if (lifetimeSeconds !== null && livesSince !== null && this.#now >= livesSince + lifetimeSeconds * 1000) {
      return this.#stop('lifetime', `its lifetime of ${lifetimeSeconds} s is over`, 2000);
    }
    this.#pauseIfDue();
    if (leaseUntil !== null && this.#now >= leaseUntil) {
      return this.#stop('lease-expired', `no client for ${facts.spec.leaseSeconds} s`, 2000);
    }
    this.#releaseIfDue();
  }

  #record(entry: JournalEntry): void {
    this.state = applyEntry(this.state, entry);
    this.effects.push({ type: 'journal', entry });
  }

  #set(change: Partial<KernelState>): void {
    this.state = { ...this.state, ...change };
  }
}
