import type { ServiceView } from '@berth/wire';
import { defineCommand } from '../command.js';
import { table, writeJson, writeLine } from '../terminal.js';

export const services = defineCommand({
  name: 'services',
  summary: 'list the services of a session, or stop one',
  usage: ['services SESSION', 'services SESSION --stop NAME'],
  details: [
    'Listed are those that the image declares, those that Berth can start where the image has the program, and those that were started.',
  ],
  options: { stop: { type: 'string', value: 'NAME', help: 'end this service' } },
  words: { min: 1, max: 1 },
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [
    ['services work', 'all services of the session work'],
    ['services work --stop jupyter', 'end its Jupyter server'],
  ],
  async run({ values, words: [session = ''] }, { terminal: { stdout }, json, nodes }) {
    const client = await nodes.client();
    if (values.stop !== undefined) {
      const stopped = await client.stopService(session, values.stop);
      if (json) await writeJson(stdout, stopped);
      return 0;
    }
    const found = await client.listServices(session);
    if (json) await writeJson(stdout, { services: found });
    else await writeLine(stdout, table([['SERVICE', 'STATE', 'PORT', 'PROTOCOL', 'FROM', 'RUN'], ...found.map(row)]));
    return 0;
  },
});

const row = ({ name, state, ports, protocol, origin, runId }: ServiceView): string[] => [
  name,
  state,
  ports.join(','),
  protocol,
  origin,
  runId ?? '',
];
