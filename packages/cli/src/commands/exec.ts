import { whileNodeAway } from '@berth/client';
import { LANGUAGES, newRunId, type Language } from '@berth/wire';
import type { BodyOf } from '@berth/wire/http';
import { usage } from '../args/parse.js';
import { defineCommand, type Context } from '../command.js';
import { exitCodeOf } from '../run/exit-code.js';
import { follow, type Followed } from '../run/follow.js';
import { hasInput } from '../run/input.js';
import { runInTerminal } from '../run/terminal-run.js';
import type { Terminal } from '../terminal.js';

export const exec = defineCommand({
  name: 'exec',
  summary: 'run code in a session that is there',
  usage: [
    'exec [--lang LANGUAGE] SESSION -c CODE',
    'exec [--lang LANGUAGE] SESSION -       code from standard input',
    'exec [-t] SESSION COMMAND [ARGS...]',
  ],
  details: [
    'Code runs in the language session, whose variables stay. A command is a process of its own beside it: standard input is\n' +
      'passed on, and its exit code is that of berth. With -t it gets a terminal; Ctrl-] leaves it.',
  ],
  options: {
    code: { type: 'string', short: 'c', value: 'CODE', help: 'the code to run' },
    lang: { type: 'string', value: 'LANGUAGE', help: `${LANGUAGES.join(', ')} (default python)` },
    terminal: { type: 'boolean', short: 't', help: 'run the command in a terminal' },
  },
  words: { min: 1, max: 1 },
  ownWords: 1,
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [
    [`exec work -c 'x = 6'`, 'set a variable'],
    [`exec work -c 'x * 7'`, 'prints 42'],
    ['exec work ls -l', 'a command in the same session'],
    ['exec work sort < names', 'with input from here'],
    ['exec -t work top', 'one that needs a terminal'],
  ],
  async run({ values, words: [session = ''], rest }, context) {
    const fromInput = rest?.length === 1 && rest[0] === '-';
    if ((values.code !== undefined) === (rest !== undefined))
      throw usage(exec, '`berth exec` needs one of -c CODE, - and COMMAND');
    if (rest?.length === 0) throw usage(exec, '`berth exec` needs a command after --');
    if (values.terminal) return inTerminal(session, fromInput ? undefined : rest, context);
    const language = LANGUAGES.find((known) => known === (values.lang ?? 'python'));
    if (!language) throw usage(exec, `--lang is ${JSON.stringify(values.lang)}: it must be one of ${LANGUAGES.join(', ')}`);
    const { request, input } =
      rest && !fromInput ? command(rest, context.terminal) : query(language, values.code ?? (await readAll(context.terminal)));
    const client = await context.nodes.lastingClient({ start: false });
    await whileNodeAway(() => client.startRun(session, request));
    return exitCodeOf(await follow(client, { session, run: request.runId, input }, context));
  },
});

async function inTerminal(session: string, argv: readonly string[] | undefined, context: Context): Promise<number> {
  const { screen } = context.terminal;
  if (!argv) throw usage(exec, '-t is for a command: code has no terminal');
  if (!screen) throw usage(exec, '-t needs a terminal here, too');
  return runInTerminal(await context.nodes.lastingClient({ start: false }), { session, argv, screen }, context);
}

interface Planned {
  readonly request: BodyOf<'startRun'>;
  readonly input: Followed['input'];
}

function command(argv: readonly string[], terminal: Terminal): Planned {
  const input = hasInput(terminal) ? 'forward' : 'none';
  return {
    request: { mode: 'batch', runId: newRunId(), argv: [...argv], stdin: input === 'forward' ? 'open' : 'none', durable: true },
    input,
  };
}

/** When the code came from standard input, that is used up, and a request for input meets its end. */
function query(language: Language, code: string): Planned {
  return { request: { mode: 'query', runId: newRunId(), language, code, durable: true }, input: 'answer' };
}

async function readAll({ stdin }: Terminal): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}
