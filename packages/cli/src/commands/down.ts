import { withDeadline } from '@berth/base';
import { BerthError } from '@berth/wire';
import { defineCommand } from '../command.js';
import type { NodeAccess } from '../node/access.js';
import { during } from '../progress.js';
import { writeJson, writeLine } from '../terminal.js';

const PATIENCE_MS = 60_000;

export const down = defineCommand({
  name: 'down',
  summary: 'stop the node',
  usage: ['down [--terminate]'],
  details: ['Sessions live on without the node, and are there again with the next `berth up`. With --terminate they end.'],
  options: { terminate: { type: 'boolean', help: 'end all sessions first' } },
  words: { min: 0, max: 0 },
  examples: [
    ['down', 'stop, keep the sessions'],
    ['down --terminate', 'stop, leave nothing'],
  ],
  async run({ values }, { terminal, json, nodes }) {
    const client = await nodes.client();
    const { pid } = await client.node();
    await client.stopNode({ terminate: values.terminate });
    await during(terminal, 'stopping the node', hasStopped(nodes));
    if (json) await writeJson(terminal.stdout, { stopped: true, pid });
    else await writeLine(terminal.stdout, 'the node has stopped');
    return 0;
  },
});

async function hasStopped(nodes: NodeAccess): Promise<void> {
  await withDeadline('the stop of the node', PATIENCE_MS, () => nodes.untilGone()).catch((error: unknown) => {
    throw new BerthError('timeout', (error as Error).message, { cause: error });
  });
}
