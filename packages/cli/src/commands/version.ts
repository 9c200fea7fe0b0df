import { readFile } from 'node:fs/promises';
import { defineCommand } from '../command.js';
import { writeJson, writeLine } from '../terminal.js';

export const version = defineCommand({
  name: 'version',
  summary: 'show the version',
  usage: ['version'],
  options: {},
  words: { min: 0, max: 0 },
  examples: [['version -o json', 'also the version of Node.js']],
  async run(_call, { terminal, json }) {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(text) as { version: string };
    if (json) await writeJson(terminal.stdout, { version, node: process.versions.node });
    else await writeLine(terminal.stdout, `berth ${version}`);
    return 0;
  },
});
