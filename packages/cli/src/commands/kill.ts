import { PROCESS_SIGNALS, type ProcessSignal, type RunSignal } from '@berth/wire';
import { usage } from '../args/parse.js';
import { defineCommand } from '../command.js';
import { writeJson } from '../terminal.js';

/** What a run as a whole can be told. */
const OF_RUNS: Partial<Record<ProcessSignal, RunSignal>> = { SIGINT: 'interrupt', SIGTERM: 'terminate', SIGKILL: 'kill' };

export const kill = defineCommand({
  name: 'kill',
  summary: 'end a run, or signal a process of a session',
  usage: ['kill [--signal INT|TERM|KILL] SESSION RUN', 'kill [--signal SIGNAL] SESSION --pid PID'],
  details: [
    'A run is signalled with all its processes; KILL goes on until none is left. The session stays, and its variables where the\n' +
      'language can give up the code. `berth rm` ends the session.',
  ],
  options: {
    signal: {
      type: 'string',
      short: 's',
      value: 'SIGNAL',
      help: 'TERM (default), INT, KILL; to a process also HUP, QUIT, USR1, USR2, CONT, STOP',
    },
    pid: { type: 'string', value: 'PID', help: 'one process, as `berth processes` numbers it' },
  },
  words: { min: 1, max: 2 },
  wordNames: 'a SESSION and a RUN of it; `berth runs SESSION` lists them',
  examples: [
    ['kill work RUN', 'end a run, as `berth runs work` names it'],
    ['kill -s INT work RUN', 'as Ctrl-C does'],
    ['kill -s USR1 work --pid 42', 'tell one process'],
  ],
  async run({ values, words: [session = '', run] }, { terminal, json, nodes }) {
    if ((run === undefined) === (values.pid === undefined)) throw usage(kill, '`berth kill` needs either a RUN or --pid PID');
    const typed = values.signal ?? 'TERM';
    const name = `SIG${typed.toUpperCase().replace(/^SIG/, '')}`;
    const signal = PROCESS_SIGNALS.find((known) => known === name);
    const names = (all: readonly string[]) => all.map((one) => one.slice(3)).join(', ');
    if (!signal) throw usage(kill, `--signal is ${JSON.stringify(typed)}: it must be one of ${names(PROCESS_SIGNALS)}`);
    const pid = /^\d{1,7}$/.test(values.pid ?? '') ? Number(values.pid) : 0;
    if (run === undefined && pid === 0)
      throw usage(kill, `--pid is ${JSON.stringify(values.pid)}: it must be a number that \`berth processes\` shows`);
    const told = OF_RUNS[signal];
    if (run !== undefined && !told)
      throw usage(kill, `a run as a whole can be sent ${names(Object.keys(OF_RUNS))}; ${typed} goes to a process: --pid PID`);
    const client = await nodes.client();
    await (run !== undefined ? client.signalRun(session, run, told!) : client.signalProcess(session, { pid, signal }));
    if (json) await writeJson(terminal.stdout, {});
    return 0;
  },
});
