import { BerthError, type OutputEntry } from '@berth/wire';
import { defineCommand } from '../command.js';
import { saveOutputs } from '../files/save-outputs.js';
import { interruptible } from '../files/transfer.js';
import { oneLine, table, writeJson, writeLine } from '../terminal.js';
import { inUnits } from '../units.js';

export const outputs = defineCommand({
  name: 'outputs',
  summary: 'list the files that a run has left in .output, or fetch them',
  usage: ['outputs [--save DIRECTORY] SESSION [RUN]'],
  details: [
    'Without RUN, those of the last run. What a later run has changed is that run’s. `berth run --outputs DIRECTORY` fetches them\n' +
      'before its session is removed.',
  ],
  options: { save: { type: 'string', value: 'DIRECTORY', help: 'write them there, each under its own name' } },
  words: { min: 1, max: 2 },
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [
    ['outputs work', 'of the last run of the session work'],
    ['outputs work RUN --save results', 'fetch those of a run that `berth runs work` names'],
    ['outputs work -o json', 'with sums and content types'],
  ],
  async run({ values, words: [session = '', wanted] }, context) {
    const { terminal, json, nodes } = context;
    const client = await nodes.lastingClient({ start: false });
    const run = wanted ?? (await client.listRuns(session)).at(-1)?.runId;
    if (run === undefined) throw new BerthError('no-such-run', `session ${session} has had no run`);
    const { files } = await client.runOutputs(session, run);
    const directory = values.save;
    if (directory !== undefined)
      await interruptible(client, context, (transfer) => saveOutputs(transfer, { session, files, directory }));
    if (json) await writeJson(terminal.stdout, { run, files });
    else if (files.length > 0) await writeLine(terminal.stdout, table(files.map(row)));
    return 0;
  },
});

const row = ({ name, size, contentType, steady }: OutputEntry): string[] => [
  inUnits(size).padStart(7),
  contentType.replace(/;.*/, ''),
  `${oneLine(name)}${steady ? '' : ' (still being written)'}`,
];
