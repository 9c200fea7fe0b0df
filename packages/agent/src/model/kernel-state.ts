/** The state of one kernel: desired, observed and link apart, since each has its own source of truth. */
import type { KernelPhase, KernelView, TerminationReason } from '@berth/wire';
import type { KernelFacts } from './facts.js';
import type { JournalEntry } from './journal-entries.js';
import { isOver, type ObservedState } from './observed.js';

/** What is wanted. `stop` is final, and the first reason stays. */
export type Desired =
  | { readonly want: 'run' }
  | {
      readonly want: 'stop';
      readonly reason: TerminationReason;
      readonly detail: string;
      /** Milliseconds for the programs between SIGTERM and SIGKILL. */
      readonly graceMs: number;
      readonly at: number;
    };

/** The connection to the runner: never had, there, or lost and sought again. */
export type LinkState = 'none' | 'up' | 'down';

export interface KernelState {
  readonly facts: KernelFacts;
  readonly desired: Desired;
  readonly observed: ObservedState;
  readonly link: LinkState;
  readonly containerId: string | null;
  /** When the runner of this incarnation first answered; null before. Milliseconds since the epoch. */
  readonly readyAt: number | null;
  /** The same of the first incarnation: the lifetime counts from here. */
  readonly livesSince: number | null;
  /** When the lease runs out unless renewed; null: it does not. */
  readonly leaseUntil: number | null;
  /** True when the machine was started anew since the last journal entry: no container of before can run. */
  readonly rebooted: boolean;
  /** True while hooks are making things. Nothing is undone before they have come to rest. */
  readonly settingUp: boolean;
  /** Whether its processes are to stand still; null: nobody has said, and what others do with the container is let be. */
  readonly pauseWanted: boolean | null;
  /** True while the driver is asked to pause or resume it. */
  readonly pausing: boolean;
  /** True while things are being undone. */
  readonly releasing: boolean;
  /** When a failed release may be tried again. */
  readonly releaseAfter: number;
  readonly releaseFailures: number;
  /** True when nothing of the kernel is left. */
  readonly released: boolean;
}

/** A kernel just asked for. */
export function newKernel(facts: KernelFacts, now: number, rebooted = false): KernelState {
  const lease = facts.spec.leaseSeconds;
  return {
    facts,
    desired: { want: 'run' },
    observed: 'absent',
    link: 'none',
    containerId: null,
    readyAt: null,
    livesSince: null,
    leaseUntil: lease === null ? null : now + lease * 1000,
    rebooted,
    settingUp: false,
    pauseWanted: null,
    pausing: false,
    releasing: false,
    releaseAfter: 0,
    releaseFailures: 0,
    released: false,
  };
}

/** Applies one journal entry. Entries and decisions meet here, so that a replay gives what was decided. */
export function applyEntry(state: KernelState, entry: JournalEntry): KernelState {
  switch (entry.type) {
    case 'create':
      return state;
    case 'container':
      // It was there once, so a look that misses it finds it gone, also when the agent was away meanwhile.
      return {
        ...state,
        containerId: entry.containerId,
        observed: state.observed === 'absent' ? 'created' : state.observed,
      };
    case 'ready':
      return { ...state, readyAt: state.readyAt ?? entry.at, livesSince: state.livesSince ?? entry.at };
    case 'restart': {
      const { incarnation, token } = entry;
      const facts = { ...state.facts, incarnation, token };
      const before = { containerId: null, readyAt: null, pauseWanted: null, pausing: false };
      return { ...state, facts, observed: 'absent', link: 'none', ...before };
    }
    case 'pause':
      return { ...state, pauseWanted: entry.paused };
    case 'stop': {
      if (state.desired.want === 'stop') return state;
      const { type: _type, ...stop } = entry;
      return { ...state, desired: { want: 'stop', ...stop } };
    }
  }
}

/**
 * The state that a journal leads to, before anybody has looked at the driver. The lease starts anew: while the agent was
 * away no client could renew it.
 */
export function replay(entries: readonly JournalEntry[], now: number, rebooted = false): KernelState | undefined {
  const [first, ...rest] = entries;
  if (first?.type !== 'create') return undefined;
  return rest.reduce(applyEntry, newKernel(first.facts, now, rebooted));
}

/** Where the kernel is on its only way. Derived, so that it cannot contradict its parts. */
export function phaseOf(state: KernelState): KernelPhase {
  if (state.released) return 'terminated';
  if (state.desired.want === 'stop' || isOver(state.observed)) return 'stopping';
  if (state.readyAt !== null) return 'running';
  return state.containerId === null ? 'preparing' : 'starting';
}

/** What callers see. `endedAt` is when the end was decided. */
export function viewOf(state: KernelState): KernelView {
  const { facts, desired } = state;
  const stop = desired.want === 'stop' ? desired : undefined;
  return {
    kernelId: facts.kernelId,
    sessionId: facts.sessionId,
    incarnation: facts.incarnation,
    containerId: state.containerId,
    phase: phaseOf(state),
    reachable: state.link === 'up' && state.observed !== 'unknown',
    paused: state.observed === 'paused',
    spec: facts.spec,
    createdAt: facts.createdAt,
    endedAt: stop?.at ?? null,
    reason: stop?.reason ?? null,
    detail: stop?.detail ?? '',
  };
}
