import type { RunView } from '@berth/wire';
import { defineCommand } from '../command.js';
import { oneLine, table, writeJson, writeLine } from '../terminal.js';
import { inUnits } from '../units.js';

export const runs = defineCommand({
  name: 'runs',
  summary: 'list the runs of a session: how each ended, and what it used',
  usage: ['runs SESSION'],
  details: [
    'CPU time comes in steps of 10 ms. PEAK is the most memory of the language process, of the query that raised it.\n' +
      'OUTPUT is what was written, whether or not it is still kept; `berth logs SESSION RUN` prints what is.',
  ],
  options: {},
  words: { min: 1, max: 1 },
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [
    ['runs work', 'what has run in the session work'],
    ['runs work -o json', 'the same with all that is known, for programs'],
  ],
  async run({ words: [session = ''] }, { terminal: { stdout }, json, nodes }) {
    const client = await nodes.client();
    const found = await client.listRuns(session);
    if (json) await writeJson(stdout, { runs: found });
    else await writeLine(stdout, table([['RUN', 'MODE', 'STATE', 'WALL', 'CPU', 'PEAK', 'OUTPUT', 'END'], ...found.map(row)]));
    return 0;
  },
});

function row({ runId, mode, state, finished }: RunView): string[] {
  const usage = finished?.usage;
  return [
    runId,
    mode,
    state,
    seconds(finished?.wallMs),
    seconds(usage?.cpuMs),
    bytes(usage?.peakMemoryBytes),
    bytes(usage?.outputBytes),
    finished ? endOf(finished) : '',
  ];
}

/** Why it ended and with what, for a person. */
function endOf({ reason, exitCode, signal, detail }: NonNullable<RunView['finished']>): string {
  const how = signal ?? `code ${exitCode}`;
  return oneLine([reason, how, detail].filter((part) => part !== '').join(', '));
}

/** What is not known shows as nothing. */
const seconds = (ms: number | null | undefined): string => (ms == null ? '' : `${(ms / 1000).toFixed(2)} s`);
const bytes = (count: number | null | undefined): string => (count == null ? '' : inUnits(count));
