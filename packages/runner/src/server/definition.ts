/** Definitions of services that an image brings along (manager-link 23.09, 12.5). */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MAX_DEFINITION_BYTES } from '@berth/wire';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const DIRECTORY = '/etc/backend.ai/service-defs';

/** The text of a regular file of a sane size; null for anything else. `name` holds no `/`. */
export async function readDefinition(name: string, directory = DIRECTORY): Promise<string | null> {
  try {
    // An image may put there what it likes: a FIFO must not hold up the runner, a link not lead into its own directory.
    const file = await open(`${directory}/${name}.json`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > MAX_DEFINITION_BYTES) return null;
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
