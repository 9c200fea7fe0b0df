import assert from 'node:assert/strict';
import { withDeadline } from '@berth/base';
import { isBerthError, type ErrorCode } from '@berth/wire';
import type { ContainerLabels, ContainerPlan, Driver, Observation } from '../src/ports/driver.js';
import { freshLabels, smallPlan, type DriverFixture } from './driver-fixture.js';

/** One promise of the port. */
export interface DriverCase {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}

/** What a case works with. Containers it made are removed afterwards, whatever happened. */
export interface Bench {
  readonly fixture: DriverFixture;
  readonly driver: Driver;
  readonly labels: ContainerLabels;
  /** A plan with these labels, idle unless another command is given. */
  plan(change?: Partial<ContainerPlan>): Promise<ContainerPlan>;
  /** Creates by such a plan; started if asked. */
  make(change?: Partial<ContainerPlan>, options?: { readonly start: boolean }): Promise<string>;
  /** Looks until the container is in this state. */
  until(containerId: string, state: Observation['state']): Promise<Observation>;
  /** Removed in the end, under whatever labels it was made. */
  alsoRemove(containerId: string): void;
}

const LOOK_AGAIN_MS = 10;

/** Runs one case on a fixture. Rejects when the driver breaks its promise, or takes longer than `patienceMs`. */
export async function runDriverCase({ name, run }: DriverCase, fixture: DriverFixture, patienceMs: number): Promise<void> {
  const made = new Set<string>();
  const { driver } = fixture;
  const labels = freshLabels();
  const plan = async (change: Partial<ContainerPlan> = {}) => ({
    ...smallPlan(labels, (await driver.resolveImage(fixture.image)).imageId, fixture.commands.idle),
    ...change,
  });
  const bench: Bench = {
    fixture,
    driver,
    labels,
    plan,
    async make(change, { start } = { start: false }) {
      const { containerId } = await driver.create(await plan(change));
      made.add(containerId);
      if (start) await driver.start(containerId);
      return containerId;
    },
    async until(containerId, state) {
      for (;;) {
        const seen = await driver.inspect(containerId);
        if (seen?.state === state) return seen;
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },
    alsoRemove: (containerId) => void made.add(containerId),
  };
  try {
    await withDeadline(name, patienceMs, () => run(bench));
  } finally {
    await Promise.allSettled([...made].map((containerId) => driver.remove(containerId)));
  }
}

/** Asserts that the promise rejects with this code of the closed list. */
export async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => isBerthError(error) && error.code === code, `expected a rejection with ${code}`);
}
