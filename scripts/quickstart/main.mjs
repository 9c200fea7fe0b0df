// Builds, then shows. The exit code says whether everything went as told.
import { StepFailed, installAndBuild } from '../install-and-build.mjs';
import { signalExit, stopSignal } from '../run-command.mjs';
import { tour } from './tour.mjs';

const say = (line = '') => process.stdout.write(`${line}\n`);

/** Sets the exit code of the process: 0 when everything went as told. */
export async function main() {
  const stop = stopSignal();
  try {
    // Tests of the steps build once for all.
    if (process.env.BERTH_QUICKSTART_BUILT !== '1') await installAndBuild({ stop, quiet: true });
    const gone = await tour({ say, stop });
    say(`\nAll of it is gone again: ${gone}. \`npx berth help\` goes on from here.`);
  } catch (error) {
    if (stop.aborted) process.stderr.write('quickstart: stopped; nothing is left behind\n');
    else if (!(error instanceof StepFailed)) process.stderr.write(`quickstart: ${describe(error)}\n`);
    process.exitCode = stop.aborted ? signalExit(stop.reason) : exitCodeOf(error);
  }
}

/** One line; errors of the closed list bring what to do. */
const describe = (error) => [error.message, error.fix].filter(Boolean).join('. ').replaceAll('..', '.');

/** Of a failed step its own; of an error of the closed list the documented one. */
function exitCodeOf(error) {
  const code = error instanceof StepFailed ? error.code : error.exitCode;
  return Number.isInteger(code) && code > 0 ? code : 1;
}
