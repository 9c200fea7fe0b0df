// What is shown, on the best node that this machine offers, which is there for as long as it takes.
import { keepImages } from './docker-images.mjs';
import { findStep } from './machine.mjs';
import { TemporaryNode } from './temporary-node.mjs';

/** Tells the story and removes all of it, whatever happens. Answers what is gone, in words. */
export async function tour({ say, stop }) {
  const images = await keepImages();
  const { step, node: options, image } = await findStep({ images, say, stop });
  stop.throwIfAborted();
  const node = await TemporaryNode.create();
  try {
    say('== start a node in a temporary directory');
    const client = await node.start(options, stop);
    // Only now, since they need what the build made.
    const [{ tellStory }, { openSession }] = await Promise.all([import('./story.mjs'), import('./node-stage.mjs')]);
    const title = `create a session from the image ${image}`;
    await tellStory({ open: () => openSession(client, image), title, say, stop });
  } finally {
    await node.remove();
    if (step === 'docker-host') await images.removeNew();
  }
  return 'session, node, data directory';
}
