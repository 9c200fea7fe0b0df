import { defineCommand } from '../command.js';
import { eachSession } from './each-session.js';

export const pause = defineCommand({
  name: 'pause',
  summary: 'let sessions stand still',
  usage: ['pause SESSION...'],
  details: [
    'All processes of a session stop where they are and use no processor; their memory stays. `berth resume` lets them go on, and no output is lost. A lease and a lifetime run on, so a session that has one may end while it is paused.',
  ],
  options: {},
  words: { min: 1, max: Infinity },
  wordNames: 'the SESSION; `berth ps` lists them',
  examples: [['pause work', 'stop its processes where they are']],
  async run({ words }, context) {
    const client = await context.nodes.client();
    const act = (session: string) => client.pauseSession(session);
    return eachSession({ sessions: words, doing: 'pausing', done: 'paused', act }, context);
  },
});
