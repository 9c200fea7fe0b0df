import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { LOCAL_CASES } from './driver-cases.js';
import { driverConformance } from './driver-suite.js';
import { sandboxFixture } from './sandbox-fixture.js';

/** What only cgroups can do, which an ordinary user does not have: DriverInfo says so. */
const NEEDS_CGROUPS = [
  'the end by exhausted memory is observed',
  'memory is limited as planned, swap included',
  'processors are limited as planned',
  'cores are those of the plan',
  'processes are limited as planned',
];

const cases = process.getuid!() === 0 ? LOCAL_CASES : LOCAL_CASES.filter(({ name }) => !NEEDS_CGROUPS.includes(name));

describe.skipIf(!existsSync('/usr/bin/bwrap'))('on the bubblewrap of this machine', () => {
  driverConformance('the sandbox driver', sandboxFixture, cases);
});
