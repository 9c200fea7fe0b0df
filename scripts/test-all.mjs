// The steps of `npm test`, for a Node that is new enough.
import { StepFailed, installAndBuild, step } from './install-and-build.mjs';
import { stopSignal } from './run-command.mjs';

/** BERTH_TEST_REPORT: where vitest's JSON report goes besides the terminal. */
export async function main(vitestArgs) {
  const report = process.env.BERTH_TEST_REPORT;
  const reporters = report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
  const stop = stopSignal();
  const failures = [];
  const attempt = (work) => work.catch((error) => failures.push(error));

  await attempt(installAndBuild({ stop, quiet: false }));
  if (failures.length === 0) {
    // A finding of the lint is no reason to leave the tests unrun.
    await attempt(step('check', ['npm', 'run', '--silent', 'check'], { stop }));
    const tests = ['scripts/test-services', 'run', '--', 'npx', 'vitest', 'run', ...reporters, ...vitestArgs];
    if (!stop.aborted) await attempt(step('test', tests, { stop }));
  }
  for (const failure of failures) {
    if (!(failure instanceof StepFailed)) throw failure;
    process.stderr.write(`npm test: ${failure.message}\n`);
    process.exitCode = failure.code;
  }
}
