import { defineCommand } from '../command.js';
import { eachSession } from './each-session.js';

export const restart = defineCommand({
  name: 'restart',
  summary: 'start sessions anew, with their files',
  usage: ['restart SESSION...'],
  details: [
    'What runs in them ends, and variables and the output of earlier runs are gone; /home/work stays as it is, and so do limits and lifetime.',
  ],
  options: {},
  words: { min: 1, max: Infinity },
  wordNames: 'the SESSION; `berth ps` lists them',
  examples: [['restart work', 'a fresh interpreter in the same directory']],
  async run({ words }, context) {
    const client = await context.nodes.client();
    const act = (session: string) => client.restartSession(session);
    return eachSession({ sessions: words, doing: 'restarting', done: 'restarted', act }, context);
  },
});
