/** Without isolation: what is left of the contract holds, and what is not is what the driver says to be missing. */
import { describe, expect, it } from 'vitest';
import { LOCAL_CASES } from './driver-cases.js';
import { driverConformance } from './driver-suite.js';
import { sandboxFixture } from './sandbox-fixture.js';
import { NEEDS_CGROUPS } from './sandbox-cases.js';

/** Cases that are about isolation, and the word by which the driver says so. */
const NOT_PROMISED = {
  'the root file system is read-only': 'The root file system is not read-only',
  'only the capabilities that a runner needs are left, and none can be gained': 'Privileges can be gained',
  'network none has no interface but the loopback': 'The network of a session',
  'mounts are read-only or writable as planned': 'NO ISOLATION',
  'a memory file system has the planned size and mode': '/tmp and /var/tmp',
};

const without = process.getuid!() === 0 ? [] : NEEDS_CGROUPS;
const left = LOCAL_CASES.filter(({ name }) => !(name in NOT_PROMISED) && !without.includes(name));
const fixture = () => sandboxFixture('host:latest', 'none');

driverConformance('the driver of plain processes', fixture, left);

describe('the driver of plain processes', () => {
  it('says of each case that it leaves out that it is missing, and above all in capital letters', async () => {
    const { driver, dispose } = await fixture();
    const { missing = [] } = await driver.probe();
    await dispose();
    expect(missing[0]).toMatch(/^NO ISOLATION: [A-Z ,]+\.$/);
    for (const said of Object.values(NOT_PROMISED)) expect(missing.some((one) => one.startsWith(said))).toBe(true);
    expect(LOCAL_CASES.length - left.length).toBe(Object.keys(NOT_PROMISED).length + without.length);
  });
});
