// What is shown, on a node of its own that is there for as long as it takes.
import { keepImages } from './docker-images.mjs';
import { TemporaryNode } from './temporary-node.mjs';

/** Starts a node in a temporary directory, tells the story on it, and removes all of it, whatever happens. */
export async function tour({ say, stop }) {
  const images = await keepImages();
  const image = process.env.BERTH_IMAGE || images.withPython || 'host';
  const node = await TemporaryNode.create();
  try {
    say('== start a node in a temporary directory');
    const client = await node.start(stop);
    // Only now, since it needs what the build made.
    const { tellStory } = await import('./story.mjs');
    await tellStory({ client, image, say, stop });
  } finally {
    await node.remove();
    if (image === 'host') await images.removeNew();
  }
}
