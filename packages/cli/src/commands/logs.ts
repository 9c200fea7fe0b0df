import { BerthError } from '@berth/wire';
import { defineCommand } from '../command.js';
import { recordSink } from '../run/sink.js';

export const logs = defineCommand({
  name: 'logs',
  summary: 'print the output that is kept of a run',
  usage: ['logs SESSION [RUN]'],
  details: ['Without RUN, that of the last run. What runs still is printed up to now.'],
  options: {},
  words: { min: 1, max: 2 },
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [['logs work', 'output of the last run of the session work']],
  async run({ words: [session = '', wanted] }, { terminal, json, nodes }) {
    const client = await nodes.client();
    const runs = await client.listRuns(session);
    const run = wanted === undefined ? runs.at(-1) : runs.find(({ runId }) => runId === wanted);
    if (!run)
      throw new BerthError(
        'no-such-run',
        wanted === undefined ? `session ${session} has had no run` : `session ${session} has no run ${wanted}`,
      );
    if (run.highest === 0) return 0;
    const sink = recordSink(terminal, run.runId, json);
    for await (const record of client.attach(session, run.runId)) {
      await sink(record);
      if (record.seq >= run.highest) break;
    }
    return 0;
  },
});
