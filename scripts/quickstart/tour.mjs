// What is shown, on the best stage that this machine offers, which is there for as long as it takes.
import { keepImages } from './docker-images.mjs';
import { findStep } from './machine.mjs';
import { TemporaryNode } from './temporary-node.mjs';

/** Tells the story on a node or without one, and removes all of it, whatever happens. Answers what is gone, in words. */
export async function tour({ say, stop }) {
  const images = await keepImages();
  const { step, driver, image } = await findStep({ images, say, stop });
  stop.throwIfAborted();
  if (step === 'bare') return tourWithout({ say, stop });
  const node = await TemporaryNode.create();
  try {
    say('== start a node in a temporary directory');
    const client = await node.start(driver, stop);
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

async function tourWithout({ say, stop }) {
  const [{ tellStory }, { openBare }] = await Promise.all([import('./story.mjs'), import('./bare-stage.mjs')]);
  let stage;
  const open = async () => (stage = await openBare(stop));
  try {
    await tellStory({ open, title: 'start the Python of this machine in a temporary directory', say, stop });
  } finally {
    await stage?.close();
  }
  return 'the process and its directory';
}
