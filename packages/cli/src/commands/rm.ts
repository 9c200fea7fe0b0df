import { BerthError } from '@berth/wire';
import { parseDuration } from '../args/values.js';
import { defineCommand } from '../command.js';
import { eachSession } from './each-session.js';

export const rm = defineCommand({
  name: 'rm',
  summary: 'end sessions and remove what they left',
  usage: ['rm [--grace TIME] SESSION...'],
  details: [
    'The programs of a session get SIGTERM, then the grace time to end by themselves, then SIGKILL. One that is paused goes on for it. With --grace 0 they are killed at once.',
  ],
  options: {
    grace: { type: 'string', value: 'TIME', help: 'between SIGTERM and SIGKILL, at most 1h: 500ms, 10s, 5m (default 2s)' },
  },
  words: { min: 1, max: Infinity },
  wordNames: 'the SESSION to remove; `berth ps` lists them',
  examples: [
    ['rm work other', 'end two sessions'],
    ['rm --grace 30s work', 'let its programs save what they have'],
  ],
  async run({ words, values }, context) {
    const graceMs = graceOf(values.grace);
    const client = await context.nodes.client();
    const act = (session: string) => client.deleteSession(session, graceMs === undefined ? {} : { graceMs });
    return eachSession({ sessions: words, doing: 'ending', done: 'removed', act }, context);
  },
});

const LONGEST_GRACE_MS = 3_600_000;

function graceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= LONGEST_GRACE_MS) return ms;
  throw new BerthError('bad-usage', `--grace ${text} is no time up to 1h: write 500ms, 10s or 5m`);
}
