import { ERRORS } from '@berth/wire';
import { defineCommand } from '../command.js';
import { writeJson, writeLine } from '../terminal.js';

const NOT_RUNNING = ERRORS['node-not-running'];

export const status = defineCommand({
  name: 'status',
  summary: 'say whether a node runs, and where',
  usage: ['status'],
  details: [
    `Exits with 0 when a node runs, and with ${NOT_RUNNING.exit} when none does; with -o json both are told by "running".`,
  ],
  options: {},
  words: { min: 0, max: 0 },
  examples: [['status -o json', 'running, pid, endpoint, driver, dataDir and more']],
  async run(_call, { terminal: { stdout }, json, nodes }) {
    const client = await nodes.find();
    if (!client) {
      const dataDir = await nodes.dataDir();
      if (json) await writeJson(stdout, { running: false, dataDir });
      else await writeLine(stdout, `no node runs on ${dataDir}. ${NOT_RUNNING.fix}`);
      return NOT_RUNNING.exit;
    }
    const view = await client.node();
    if (json) await writeJson(stdout, view);
    else {
      const away = view.driverState === 'ok' ? '' : `; ${view.driverState}: ${view.driverDetail}`;
      await writeLine(
        stdout,
        [
          `running   pid ${view.pid}, since ${new Date(view.startedAt).toISOString()}${view.ephemeral ? ', ends after its last session' : ''}`,
          `endpoint  ${view.endpoint}`,
          `driver    ${view.driver}, as ${view.driverReason}${away}`,
          ...(view.isolation === 'none' ? ['isolation NONE'] : []),
          ...view.missing.map((limit) => `lacks     ${limit}`),
          ...view.links.map(({ name, ok, detail }) => `${name.padEnd(9)} ${ok ? 'ok' : detail}`),
          `data      ${view.dataDir}`,
          `sessions  ${view.sessions}`,
        ].join('\n'),
      );
    }
    return 0;
  },
});
