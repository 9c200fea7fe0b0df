import { toBerthError, type BerthError } from '@berth/wire';
import { defineCommand } from '../command.js';
import { report } from '../errors.js';
import { during } from '../progress.js';
import { writeJson, writeLine } from '../terminal.js';

export const rm = defineCommand({
  name: 'rm',
  summary: 'end sessions and remove what they left',
  usage: ['rm SESSION...'],
  options: {},
  words: { min: 1, max: Infinity },
  wordNames: 'the SESSION to remove; `berth ps` lists them',
  examples: [['rm work other', 'end two sessions']],
  async run({ words }, { terminal, json, nodes }) {
    const client = await nodes.client();
    const removed: string[] = [];
    const failed: BerthError[] = [];
    for (const session of words) {
      try {
        await during(terminal, `ending ${session}`, client.deleteSession(session));
        removed.push(session);
        if (!json) await writeLine(terminal.stdout, session);
      } catch (error) {
        failed.push(toBerthError(error));
      }
    }
    if (json) await writeJson(terminal.stdout, { removed, failed });
    for (const error of failed) await report(error, terminal, false);
    return failed[0]?.exitCode ?? 0;
  },
});
