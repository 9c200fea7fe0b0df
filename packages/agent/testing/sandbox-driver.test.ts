import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { LOCAL_CASES } from './driver-cases.js';
import { driverConformance } from './driver-suite.js';
import { NEEDS_CGROUPS } from './sandbox-cases.js';
import { sandboxFixture } from './sandbox-fixture.js';

const cases = process.getuid!() === 0 ? LOCAL_CASES : LOCAL_CASES.filter(({ name }) => !NEEDS_CGROUPS.includes(name));

describe.skipIf(!existsSync('/usr/bin/bwrap'))('on the bubblewrap of this machine', () => {
  driverConformance('the sandbox driver', sandboxFixture, cases);
});
