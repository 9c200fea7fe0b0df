import type { NodeView } from '@berth/wire';
import { defineCommand } from '../command.js';
import { ISOLATION, passedOn } from '../node/isolation.js';
import { during } from '../progress.js';
import { writeJson, writeLine } from '../terminal.js';

const DEFAULT_LISTEN = '127.0.0.1:8081';

export const up = defineCommand({
  name: 'up',
  summary: 'start a node',
  usage: ['up [--detach] [--listen HOST:PORT] [--driver auto|docker|sandbox] [--isolation sandboxed|none]'],
  details: [
    'The node serves until `berth down`, SIGTERM or SIGINT; its sessions live on and are there again with the next `berth up`.',
    'Its log goes to standard error, with --detach to node.log in the data directory.',
  ],
  options: {
    detach: { type: 'boolean', short: 'd', help: 'run in the background; returns once it serves' },
    listen: { type: 'string', value: 'HOST:PORT', help: `where to serve (default ${DEFAULT_LISTEN}; port 0: any)` },
    driver: {
      type: 'string',
      value: 'NAME',
      help: 'what makes sessions: docker, sandbox, or auto, which takes Docker if it answers [BERTH_DRIVER, default auto]',
    },
    isolation: ISOLATION,
    ephemeral: { type: 'boolean', help: 'end by itself soon after the last session' },
  },
  words: { min: 0, max: 0 },
  examples: [
    ['up --detach', 'a node in the background'],
    ['up --listen 127.0.0.1:0', 'in the foreground, on any free port'],
    ['up --isolation none', 'where neither Docker nor sandboxes can be had, and the code is your own'],
  ],
  async run({ values }, { terminal, json, nodes, interrupts }) {
    const { parseListen, readSettings, serve, startDetached } = await import('@berth/agent/commands');
    const { detach, listen = DEFAULT_LISTEN, driver, isolation, ephemeral } = values;
    parseListen(listen);
    const settings = readSettings(undefined, { driver, isolation });
    const { dataDir } = settings;
    if (detach) {
      const args = [
        'up',
        '--output',
        'json',
        '--listen',
        listen,
        ...passedOn({ driver, isolation }),
        ...(ephemeral ? ['--ephemeral'] : []),
      ];
      await during(terminal, 'starting the node', startDetached({ dataDir, program: nodes.program, args }));
      const view = await (await nodes.client()).node();
      await tell(view);
      return 0;
    }
    await serve({ settings, listen, ephemeral }, (node) => {
      interrupts.take(() => void node.stop({ terminate: false }));
      void tell(node.view());
    });
    return 0;

    async function tell(view: NodeView): Promise<void> {
      const { endpoint, driver, driverReason } = view;
      if (json) await writeJson(terminal.stdout, view);
      else if (view.isolation === 'none') await writeLine(terminal.stderr, view.missing.join('\n'));
      if (!json)
        await writeLine(terminal.stdout, `berth serves on ${endpoint} (${driver}, as ${driverReason}), data in ${dataDir}`);
    }
  },
});
