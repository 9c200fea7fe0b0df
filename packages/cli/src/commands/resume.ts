import { defineCommand } from '../command.js';
import { eachSession } from './each-session.js';

export const resume = defineCommand({
  name: 'resume',
  summary: 'let paused sessions go on',
  usage: ['resume SESSION...'],
  details: ['Does nothing to a session that is not paused.'],
  options: {},
  words: { min: 1, max: Infinity },
  wordNames: 'the SESSION; `berth ps` lists them',
  examples: [['resume work', 'let it go on where it stopped']],
  async run({ words }, context) {
    const client = await context.nodes.client();
    const act = (session: string) => client.resumeSession(session);
    return eachSession({ sessions: words, doing: 'resuming', done: 'resumed', act }, context);
  },
});
