/** A real agent on real sandboxes, inside the test's process. It needs bubblewrap on this machine, and no server. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startTestAgent, type TestAgent } from './agent.js';
import { required, TEST_IMAGES } from './services.js';

/** A block of tests that need bubblewrap. */
export function describeWithBubblewrap(name: string, fn: () => void): void {
  if (existsSync('/usr/bin/bwrap')) describe(name, fn);
  else if (required) it(`${name} (needs bubblewrap)`, () => expect.fail('bubblewrap is not installed'));
  else it.skip(`${name} (needs bubblewrap)`);
}

export const isRoot = process.getuid!() === 0;

/** There is no Docker behind it. */
export const startSandboxAgent = (): Promise<TestAgent> =>
  startTestAgent({ socketPath: '/nonexistent/docker.sock', images: TEST_IMAGES }, {}, { driver: 'sandbox' });
