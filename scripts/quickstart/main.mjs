// The order of events. Everything that a session does goes through the public client only.
import { StepFailed, installAndBuild } from '../install-and-build.mjs';
import { signalExit, stopSignal } from '../run-command.mjs';
import { keepImages } from './docker-images.mjs';
import { TemporaryNode } from './temporary-node.mjs';

const say = (line = '') => process.stdout.write(`${line}\n`);

/** Sets the exit code of the process: 0 when everything went as told. */
export async function main() {
  const stop = stopSignal();
  try {
    await installAndBuild({ stop, quiet: true });
    await onTemporaryNode(stop);
    say('\nAll of it is gone again: session, node, data directory. `npx berth help` goes on from here.');
  } catch (error) {
    if (stop.aborted) process.stderr.write('quickstart: stopped; nothing is left behind\n');
    else if (!(error instanceof StepFailed)) process.stderr.write(`quickstart: ${describe(error)}\n`);
    process.exitCode = stop.aborted ? signalExit(stop.reason) : exitCodeOf(error);
  }
}

/** A node of its own in a temporary directory, for as long as the story takes. */
async function onTemporaryNode(stop) {
  const images = await keepImages();
  const node = await TemporaryNode.create();
  try {
    say('== start a node in a temporary directory');
    const client = await node.start(stop);
    // Only now, since it needs what the build made.
    const { tellStory } = await import('./story.mjs');
    await tellStory({ client, image: process.env.BERTH_IMAGE || images.withPython || 'host', say, stop });
  } finally {
    await node.remove();
    await images.removeNew();
  }
}

/** One line; errors of the closed list bring what to do. */
const describe = (error) => [error.message, error.fix].filter(Boolean).join('. ').replaceAll('..', '.');

/** Of a failed step its own; of an error of the closed list the documented one. */
function exitCodeOf(error) {
  const code = error instanceof StepFailed ? error.code : error.exitCode;
  return Number.isInteger(code) && code > 0 ? code : 1;
}
