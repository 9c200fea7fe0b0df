// The steps of `npm test`, for a Node that is new enough.
import { StepFailed, installAndBuild, step } from './install-and-build.mjs';
import { stopSignal } from './run-command.mjs';

/** BERTH_TEST_REPORT: where vitest's JSON report goes besides the terminal. */
export async function main(vitestArgs) {
  const report = process.env.BERTH_TEST_REPORT;
  const reporters = report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
  const stop = stopSignal();
  try {
    await installAndBuild({ stop, quiet: false });
    await step('check', ['npm', 'run', '--silent', 'check'], { stop });
    await step('test', ['scripts/test-services', 'run', '--', 'npx', 'vitest', 'run', ...reporters, ...vitestArgs], { stop });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`npm test: ${error.message}\n`);
    process.exitCode = error.code;
  }
}
