/** The conformance suite of the driver port, for any driver. */
import { describe, it } from 'vitest';
import { runDriverCase } from './driver-case.js';
import { DRIVER_CASES } from './driver-cases.js';
import type { DriverFixture } from './driver-fixture.js';

const PATIENCE_MS = 15_000;

/** Declares one test per case; each gets a fixture of its own. */
export function driverConformance(name: string, factory: () => Promise<DriverFixture>): void {
  describe(`${name} keeps the contract of the driver port`, () => {
    for (const one of DRIVER_CASES) {
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
