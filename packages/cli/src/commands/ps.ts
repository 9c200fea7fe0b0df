import { systemClock } from '@berth/base';
import type { KernelView } from '@berth/wire';
import { defineCommand } from '../command.js';
import { stateOf } from './inspect.js';
import { table, writeJson, writeLine } from '../terminal.js';

export const ps = defineCommand({
  name: 'ps',
  summary: 'list the sessions',
  usage: ['ps [-a]'],
  options: { all: { type: 'boolean', short: 'a', help: 'also those that ended within the last hour' } },
  words: { min: 0, max: 0 },
  examples: [['ps -a -o json', 'all sessions, for programs']],
  async run({ values }, { terminal: { stdout }, json, nodes }) {
    const client = await nodes.client();
    const sessions = await client.listSessions({ all: values.all });
    if (json) await writeJson(stdout, { sessions });
    else
      await writeLine(
        stdout,
        table([['SESSION', 'IMAGE', 'STATE', 'AGE', 'END'], ...sessions.map((view) => row(view, systemClock.now()))]),
      );
    return 0;
  },
});

function row(view: KernelView, now: number): string[] {
  return [view.sessionId, view.spec.image, stateOf(view), age(now - view.createdAt), view.reason ?? ''];
}

/** `42s`, `5m`, `3h`, `2d` */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
