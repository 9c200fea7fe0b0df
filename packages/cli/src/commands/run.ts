import { kernelSpecSchema, sessionIdSchema, type BodyOf } from '@berth/wire/http';
import { usage } from '../args/parse.js';
import { parseBytes, parseDuration, parseVariable } from '../args/values.js';
import { defineCommand } from '../command.js';
import { ISOLATION, warningOf } from '../node/isolation.js';
import { during } from '../progress.js';
import { planProgram } from '../run/program.js';
import { runInSession } from '../run/session.js';
import { writeLine } from '../terminal.js';

const DEFAULT_LEASE_MS = 90_000;

export const run = defineCommand({
  name: 'run',
  summary: 'run code in a session of its own',
  usage: [
    'run [OPTIONS] python|node|bash SCRIPT [ARGS...]',
    'run [OPTIONS] python|node|bash - [ARGS...]      code from standard input',
    'run [OPTIONS] python -c CODE [ARGS...]          likewise node -e, bash -c',
    'run [OPTIONS] COMMAND [ARGS...]',
  ],
  details: [
    'Standard output and error are those of the program, and so is the exit code; 128 + n after signal n. A script of this\n' +
      'machine is brought into the session, which starts in /home/work. Standard input is passed on. Without a running node,\n' +
      'one is started that ends by itself.',
    'Ctrl-C interrupts the program; a second one kills it.',
  ],
  options: {
    image: {
      type: 'string',
      value: 'IMAGE',
      help: "a local image, or `host` for this machine's own programs (default: $BERTH_IMAGE, or host)",
    },
    cpu: { type: 'string', value: 'CORES', help: 'share of the CPU in cores, for example 0.5 (default 1)' },
    mem: { type: 'string', value: 'SIZE', help: 'memory, for example 512m or 2g (default 1g)' },
    env: { type: 'string', multiple: true, value: 'K=V', help: 'a variable for the program; may be repeated' },
    network: { type: 'string', value: 'MODE', help: 'none (default), bridge or host' },
    timeout: { type: 'string', value: 'TIME', help: 'end the program after, for example, 30s or 5m' },
    lease: {
      type: 'string',
      value: 'TIME',
      help: 'how long the session outlives a `berth run` that was killed (default 90s)',
    },
    driver: {
      type: 'string',
      value: 'NAME',
      help: 'of a node that is started: auto, docker or sandbox [BERTH_DRIVER, default auto]',
    },
    isolation: ISOLATION,
    outputs: { type: 'string', value: 'DIRECTORY', help: 'fetch what the program leaves in .output' },
    keep: { type: 'boolean', help: 'keep the session when the program has ended' },
    name: { type: 'string', value: 'NAME', help: 'name of the session' },
  },
  words: { min: 0, max: 0 },
  ownWords: 0,
  examples: [
    [`run python -c 'print(6*7)'`, 'prints 42'],
    ['run --mem 2g python train.py --epochs 3', 'a script with its arguments'],
    [`run --isolation none python -c 'print(6*7)'`, 'where nothing can be isolated, and the code is your own'],
    ['run python - < script.py', 'code from standard input'],
    ['run --outputs results python plot.py', 'and what it leaves in /home/work/.output'],
    ['run --image debian:12 --keep --name work bash', 'a session to come back to'],
  ],
  async run({ values, rest }, context) {
    const fail = (message: string) => usage(run, message);
    if (!rest || rest.length === 0) throw fail('`berth run` needs something to run');
    const timeoutMs = values.timeout === undefined ? undefined : parseDuration(values.timeout);
    if (values.timeout !== undefined && !timeoutMs)
      throw fail(`--timeout is ${JSON.stringify(values.timeout)}: it must be a time such as 30s, 5m or 2h`);
    const leaseMs = values.lease === undefined ? DEFAULT_LEASE_MS : parseDuration(values.lease);
    if (!leaseMs || leaseMs < 1000)
      throw fail(`--lease is ${JSON.stringify(values.lease)}: it must be a time such as 90s, 1s or more`);
    if (values.name !== undefined && !sessionIdSchema.safeParse(values.name).success) {
      throw fail(
        `--name is ${JSON.stringify(values.name)}: it must be 1 to 64 characters of A-Z a-z 0-9 _ . - and start with a letter or digit`,
      );
    }
    const spec = specOf({ ...values, image: values.image ?? context.terminal.defaultImage }, fail);
    const program = await planProgram(rest);
    const client = await during(
      context.terminal,
      'starting a node',
      context.nodes.lastingClient({ start: true, wishes: { driver: values.driver, isolation: values.isolation } }),
    );
    const warning = warningOf(await client.node());
    if (warning !== undefined) await writeLine(context.terminal.stderr, `berth: ${warning}`);
    return runInSession(
      client,
      { program, spec, name: values.name, keep: values.keep, outputs: values.outputs, timeoutMs, leaseSeconds: leaseMs / 1000 },
      context,
    );
  },
});

interface SpecValues {
  readonly image: string;
  readonly cpu?: string | undefined;
  readonly mem?: string | undefined;
  readonly network?: string | undefined;
  readonly env: readonly string[];
}

const FLAGS: Readonly<Record<string, string>> = {
  image: '--image',
  cpus: '--cpu',
  memoryBytes: '--mem',
  network: '--network',
  env: '--env',
};

/**
 * What is wished of the session, checked by wire's own schema before anything is started; what is not said is the node's to fill in.
 * Errors: those that `fail` makes.
 */
export function specOf(values: SpecValues, fail: (message: string) => Error): BodyOf<'createSession'>['spec'] {
  const { image, cpu, mem, network, env } = values;
  const variables = env.map((text) => {
    const variable = parseVariable(text);
    if (!variable) throw fail(`--env is ${JSON.stringify(text)}: it must be NAME=VALUE`);
    return variable;
  });
  const memoryBytes = mem === undefined ? undefined : parseBytes(mem);
  if (mem !== undefined && memoryBytes === undefined)
    throw fail(`--mem is ${JSON.stringify(mem)}: it must be a size such as 512m or 2g`);
  const cpus = cpu === undefined ? undefined : Number(cpu);
  if (cpus !== undefined && !Number.isFinite(cpus))
    throw fail(`--cpu is ${JSON.stringify(cpu)}: it must be a number of cores such as 0.5 or 2`);
  const spec = { image, cpus, memoryBytes, network, env: Object.fromEntries(variables) };
  const result = kernelSpecSchema.safeParse(spec);
  if (result.success) return spec as BodyOf<'createSession'>['spec'];
  const { path, message } = result.error.issues[0]!;
  throw fail(`${FLAGS[String(path[0])] ?? String(path[0])}: ${message}`);
}
