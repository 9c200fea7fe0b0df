import { ERRORS } from '@berth/wire';
import { defineCommand } from '../command.js';
import { headingOf, linesOf, summaryOf, type Told } from '../doctor/report.js';
import { Interrupted } from '../interrupts.js';
import { agentOptions } from '../node/agent-options.js';
import { during } from '../progress.js';
import { writeJson, writeLine } from '../terminal.js';

/** When something is red: sessions cannot run, or a promise about them does not hold here. */
const RED = ERRORS['driver-unavailable'].exit;

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'say what this machine lacks, and prove what sessions are promised',
  usage: ['doctor [--quick] [--only ID[,ID]] [--driver NAME] [-f FILE] [OPTIONS]'],
  details: [
    'It looks at Docker, at this machine and at the directories and ports of the node, and then starts sessions of its own that try to exceed each limit. Nothing of them stays.',
    'With options, variables or a file of `berth agent`, it looks at that node and at its cluster: etcd, the manager, Redis, virtual folders.',
    `What is not green has one line that begins with FIX. The exit code is 0, and ${RED} when anything is red. docs/doctor.md explains each check.`,
  ],
  options: {
    driver: {
      type: 'string',
      value: 'NAME',
      help: 'as with `berth up`: docker, sandbox, or auto for the first that can be used [BERTH_DRIVER, default auto]',
    },
    quick: { type: 'boolean', help: 'look only: start no sessions' },
    only: {
      type: 'string',
      value: 'ID[,ID]',
      multiple: true,
      help: 'these checks, or with docker, machine and the like all that begin so',
    },
  },
  moreOptions: agentOptions,
  words: { min: 0, max: 0 },
  examples: [
    ['doctor', 'everything, in half a minute'],
    ['doctor --quick -o json', 'for programs, without starting sessions'],
    ['doctor --only docker.memory,docker.pids', 'whether these limits hold'],
    ['doctor -f /etc/berth/berth.toml', 'before `berth agent` joins a cluster'],
  ],
  async run({ values: { driver, quick, only, ...flags } }, { terminal, json, interrupts }) {
    const { doctor: load } = await import('@berth/agent/commands');
    const { openDoctor } = await load();
    const abort = new AbortController();
    const giveBack = interrupts.take((signal) => {
      abort.abort(new Interrupted(signal));
      // The next one ends the program at once.
      giveBack();
    });
    const opening = openDoctor({ flags, driver, quick, only, signal: abort.signal });
    const { examinations, close } = await during(terminal, 'looking around', opening);
    const told: Told[] = [];
    const colour = terminal.colour && (terminal.stdout as { readonly isTTY?: boolean }).isTTY === true;
    const width = Math.max(0, ...examinations.map(({ id }) => id.length));
    try {
      for (const { examine, ...entry } of examinations) {
        const finding = await during(terminal, entry.title, examine());
        const before = told.at(-1);
        told.push({ ...entry, ...finding });
        if (json) continue;
        if (before?.group !== entry.group) await writeLine(terminal.stdout, headingOf(entry.group, colour, before === undefined));
        await writeLine(terminal.stdout, linesOf(told.at(-1)!, width, colour));
      }
    } finally {
      await during(terminal, 'cleaning up', close());
      giveBack();
    }
    abort.signal.throwIfAborted();
    if (json) await writeJson(terminal.stdout, { checks: told });
    else await writeLine(terminal.stdout, summaryOf(told));
    return told.some(({ state }) => state === 'red') ? RED : 0;
  },
});
