import type { KernelView } from '@berth/wire';
import { defineCommand } from '../command.js';
import { table, writeJson, writeLine } from '../terminal.js';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'show all that is known of a session',
  usage: ['inspect SESSION'],
  details: [
    'Of a session that ended within the last hour it tells why. With -o json it prints what the API says of the session.',
  ],
  options: {},
  words: { min: 1, max: 1 },
  wordNames: 'the SESSION to show; `berth ps -a` lists them',
  examples: [
    ['inspect work', 'limits, state, and why it ended'],
    ['inspect work -o json', 'the same, for programs'],
  ],
  async run({ words }, { terminal: { stdout }, json, nodes }) {
    const view = await (await nodes.client()).getSession(words[0]!);
    if (json) await writeJson(stdout, view);
    else await writeLine(stdout, table(rowsOf(view)));
    return 0;
  },
});

/** Name and value of what a person may want to know. Variables of the environment may hold secrets: only their names are shown. */
export function rowsOf(view: KernelView): string[][] {
  const { spec } = view;
  const variables = Object.keys(spec.env).sort();
  return [
    ['session', view.sessionId],
    ['state', stateOf(view)],
    ['incarnation', String(view.incarnation)],
    ['image', spec.image],
    ['container', view.containerId ?? 'none yet'],
    ['created', new Date(view.createdAt).toISOString()],
    ['processors', `${spec.cpus}${spec.cpuset === null ? '' : ` on cores ${spec.cpuset.join(',')}`}`],
    ['memory', `${Math.round(spec.memoryBytes / 2 ** 20)} MiB`],
    ['processes', `at most ${spec.pids}`],
    ['network', spec.network],
    ['variables', variables.length === 0 ? 'none' : variables.join(' ')],
    ['lease', spec.leaseSeconds === null ? 'none' : `${spec.leaseSeconds} s without a client`],
    ['lifetime', spec.lifetimeSeconds === null ? 'none' : `${spec.lifetimeSeconds} s`],
    ...(view.endedAt === null ? [] : [['ended', new Date(view.endedAt).toISOString()]]),
    ...(view.reason === null ? [] : [['reason', view.detail === '' ? view.reason : `${view.reason}: ${view.detail}`]]),
  ];
}

/** For example `running`, `running, paused`, `stopping, not reachable`. */
export function stateOf({ phase, paused, reachable }: KernelView): string {
  if (phase === 'terminated') return phase;
  return [phase, ...(paused ? ['paused'] : []), ...(reachable ? [] : ['not reachable'])].join(', ');
}
