import type { ProcessView } from '@berth/wire';
import { defineCommand } from '../command.js';
import { oneLine, table, writeJson, writeLine } from '../terminal.js';
import { inUnits } from '../units.js';

export const processes = defineCommand({
  name: 'processes',
  summary: 'list the processes of a session',
  usage: ['processes SESSION'],
  details: [
    'Those of its programs, with the run that each belongs to: none for a language process that waits, and for what runs left behind.',
  ],
  options: {},
  words: { min: 1, max: 1 },
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [
    ['processes work', 'what runs in the session work'],
    ['processes work -o json', 'the same, for programs'],
  ],
  async run({ words: [session = ''] }, { terminal: { stdout }, json, nodes }) {
    const found = await (await nodes.client()).listProcesses(session);
    if (json) await writeJson(stdout, { processes: found });
    else await writeLine(stdout, table([['PID', 'USER', 'CPU', 'MEMORY', 'RUN', 'COMMAND'], ...found.map(row)]));
    return 0;
  },
});

const row = ({ pid, user, cpuMs, memoryBytes, runId, command }: ProcessView): string[] => [
  String(pid),
  String(user),
  `${(cpuMs / 1000).toFixed(2)} s`,
  inUnits(memoryBytes),
  runId ?? '',
  oneLine(command),
];
