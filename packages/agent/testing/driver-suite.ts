/** The conformance suite of the driver port, for any driver. */
import { describe, it } from 'vitest';
import { runDriverCase, type DriverCase } from './driver-case.js';
import { LOCAL_CASES } from './driver-cases.js';
import type { DriverFixture } from './driver-fixture.js';

const PATIENCE_MS = 15_000;

/** Declares one test per case; each gets a fixture of its own. Cases about pulls need a fixture with a registry. */
export function driverConformance(
  name: string,
  factory: () => Promise<DriverFixture>,
  cases: readonly DriverCase[] = LOCAL_CASES,
): void {
  describe(`${name} keeps the contract of the driver port`, () => {
    for (const one of cases) {
      it(one.name, async () => {
        const fixture = await factory();
        try {
          await runDriverCase(one, fixture, PATIENCE_MS);
        } finally {
          await fixture.dispose();
        }
      });
    }
  });
}
