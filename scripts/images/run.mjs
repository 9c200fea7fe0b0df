// Programs of this machine, called so that a failure ends everything with what they said.
import { spawnSync } from 'node:child_process';

/** True when the program succeeded; false when it may fail and did. */
export function run(program, args, { mayFail = false, cwd } = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (status === 0) return true;
  if (mayFail) return false;
  return fail(`${program} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}\n${(stdout + stderr).slice(-2000)}`);
}

export function fail(message) {
  throw new Error(message);
}
