import { describe, expect, it } from 'vitest';
import { BROKEN_DRIVERS } from './broken-drivers.js';
import { runDriverCase } from './driver-case.js';
import { DRIVER_CASES } from './driver-cases.js';
import { driverConformance } from './driver-suite.js';
import { fakeFixture, type Fault } from './fake-fixture.js';

/** Ample for what happens in memory; only a fault that hangs uses it up. */
const PATIENCE_MS = 1000;

async function failuresOf(fault: Fault): Promise<string[]> {
  const outcomes = await Promise.all(
    DRIVER_CASES.map(async (one) => {
      const fixture = await fakeFixture(fault);
      try {
        await runDriverCase(one, fixture, PATIENCE_MS);
        return undefined;
      } catch {
        return one.name;
      } finally {
        await fixture.dispose();
      }
    }),
  );
  return outcomes.filter((name) => name !== undefined);
}

driverConformance('the fake driver', fakeFixture, DRIVER_CASES);

describe('the conformance suite notices', () => {
  it('each case has its fault, and each name is used once', () => {
    const names = DRIVER_CASES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(BROKEN_DRIVERS).sort()).toEqual(names.sort());
  });

  it.each(Object.entries(BROKEN_DRIVERS))('only by one case the fault against: %s', async (name, fault) => {
    expect(await failuresOf(fault)).toEqual([name]);
  });
});
