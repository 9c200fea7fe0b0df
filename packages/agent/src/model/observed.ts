/**
 * What the driver says about a kernel's container, as the one table of its transitions. docs/lifecycle.md shows the same
 * table and is tested against it; a mutation run removes each row and expects a test to fail.
 */
import { TransitionTable } from '@berth/base';

/**
 * - `absent`: not made yet. `created`, `running`, `paused`: as Docker says.
 * - `unknown`: the driver cannot be asked right now. Nothing is known to be wrong; nothing may be undone on that ground.
 * - `exited`: ended, still there. `gone`: no container any more. Neither is ever left: a restart is a new incarnation.
 */
export const OBSERVED_STATES = ['absent', 'created', 'running', 'paused', 'unknown', 'exited', 'gone'] as const;
export type ObservedState = (typeof OBSERVED_STATES)[number];

/** What a look at the driver can show. `missing` comes only from an answer that was complete; `unreachable` from none. */
export const SIGHTINGS = ['created', 'running', 'paused', 'exited', 'missing', 'unreachable'] as const;
export type Sighting = (typeof SIGHTINGS)[number];

/**
 * A sighting without a row changes nothing: it is stale (`created` when it runs already), impossible (`running` after the
 * end), or says nothing new (`missing` before the container was made, `unreachable` after its end).
 */
export const OBSERVED_TRANSITIONS = new TransitionTable<ObservedState, Sighting>([
  { from: 'absent', on: 'created', to: 'created' },
  { from: 'absent', on: 'running', to: 'running' },
  { from: 'absent', on: 'paused', to: 'paused' },
  { from: 'absent', on: 'exited', to: 'exited' },
  { from: 'created', on: 'running', to: 'running' },
  { from: 'created', on: 'paused', to: 'paused' },
  { from: 'created', on: 'exited', to: 'exited' },
  { from: 'created', on: 'missing', to: 'gone' },
  { from: 'created', on: 'unreachable', to: 'unknown' },
  { from: 'running', on: 'paused', to: 'paused' },
  { from: 'running', on: 'exited', to: 'exited' },
  { from: 'running', on: 'missing', to: 'gone' },
  { from: 'running', on: 'unreachable', to: 'unknown' },
  { from: 'paused', on: 'running', to: 'running' },
  { from: 'paused', on: 'exited', to: 'exited' },
  { from: 'paused', on: 'missing', to: 'gone' },
  { from: 'paused', on: 'unreachable', to: 'unknown' },
  { from: 'unknown', on: 'created', to: 'created' },
  { from: 'unknown', on: 'running', to: 'running' },
  { from: 'unknown', on: 'paused', to: 'paused' },
  { from: 'unknown', on: 'exited', to: 'exited' },
  { from: 'unknown', on: 'missing', to: 'gone' },
  { from: 'exited', on: 'missing', to: 'gone' },
]);

/** True once the container can never run again. */
export const isOver = (state: ObservedState): boolean => state === 'exited' || state === 'gone';
