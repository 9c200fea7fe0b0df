import type * as AgentCommands from '@berth/agent/commands';
import { didYouMean } from '@berth/base';
import { BerthError, toBerthError } from '@berth/wire';
import { usage } from '../args/parse.js';
import { defineCommand, type Context } from '../command.js';
import { report } from '../errors.js';
import { pullLine } from '../images/pull-line.js';
import { Interrupted } from '../interrupts.js';
import { notice, oneLine, table, writeJson, writeLine, type Terminal } from '../terminal.js';

const VERBS = { ls, pull, inspect, rm };

export const images = defineCommand({
  name: 'images',
  summary: 'list, pull, inspect and remove images',
  usage: [
    'images ls',
    'images pull [--username USER --password-stdin] NAME...',
    'images pull --registered [--etcd-addr HOST:PORT] [--namespace NAME] [--registry HOST[/PATH]]',
    'images inspect NAME',
    'images rm NAME...',
  ],
  details: [
    'All work on the Docker Engine that DOCKER_HOST names; no node need run.',
    'A NAME is a reference as Docker has it. inspect and rm also take what managers call an image: python:3.6 for\n' +
      'lablup/kernel-python:3.6. rm takes a name away, and with its last name the image; never one that a session uses.',
    'pull --registered pulls the images that managers have registered in etcd. When one fails the others are still pulled;\n' +
      'the exit code is that of the first failure.',
  ],
  options: {
    registered: { type: 'boolean', help: 'pull what is registered in etcd, as lablup/kernel-NAME:TAG' },
    registry: {
      type: 'string',
      value: 'HOST[/PATH]',
      help: 'pull what is registered from here; the images get their usual names',
    },
    username: { type: 'string', value: 'USER', help: 'user for the registry' },
    'password-stdin': { type: 'boolean', help: 'read the password for the registry from standard input' },
  },
  moreOptions: async () => (await import('@berth/agent/commands')).registeredOptions(),
  words: { min: 1, max: Infinity },
  wordNames: 'one of ls, pull, inspect, rm',
  examples: [
    ['images ls -o json', 'images of this node, for programs'],
    ['images pull lablup/kernel-python:3.6-debian', 'pull one image'],
    ['images pull --registered --etcd-addr 10.0.0.1:2379', 'all that managers may ask for'],
    ['images inspect python:3.6-debian', 'what its labels mean'],
    ['images rm lablup/kernel-python:3.6-debian', 'remove it'],
  ],
  async run({ values, words: [verb = '', ...names] }, context) {
    if (!Object.hasOwn(VERBS, verb)) {
      const meant = didYouMean(verb, Object.keys(VERBS));
      throw usage(images, `\`berth images\` knows ls, pull, inspect and rm, but not ${JSON.stringify(verb)}.${meant}`);
    }
    const agent = await import('@berth/agent/commands');
    const given = [...OF_PULL, ...Object.keys(await agent.registeredOptions())].find((name) => isGiven(values, name));
    if (verb !== 'pull' && given !== undefined) throw usage(images, `--${given} is for \`berth images pull\` only`);
    return VERBS[verb as keyof typeof VERBS]({ names, values, agent, images: await agent.openImages() }, context);
  },
});

const OF_PULL = ['registered', 'registry', 'username', 'password-stdin'];

type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

const isGiven = (values: Flags, name: string): boolean => {
  const value = values[name];
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
};

interface Call {
  readonly names: readonly string[];
  readonly values: Flags & {
    readonly registered: boolean;
    readonly registry: string | undefined;
    readonly username: string | undefined;
    readonly 'password-stdin': boolean;
  };
  readonly agent: typeof AgentCommands;
  readonly images: AgentCommands.Images;
}

const shortId = (imageId: string): string => imageId.replace(/^sha256:/, '').slice(0, 12);

async function ls({ names, images: all }: Call, { terminal, json }: Context): Promise<number> {
  if (names.length > 0) throw usage(images, '`berth images ls` takes no names');
  const list = await all.list();
  if (json) await writeJson(terminal.stdout, { images: list });
  else {
    const rows = list.flatMap(({ references, imageId }) =>
      references.map((reference) => [oneLine(reference), KERNEL.exec(reference)?.[1] ?? '', shortId(imageId)]),
    );
    await writeLine(
      terminal.stdout,
      table([['REFERENCE', 'NAME', 'IMAGE ID'], ...rows.sort((a, b) => (a[0]! < b[0]! ? -1 : 1))]),
    );
  }
  return 0;
}

/** What a manager calls it stands behind this. */
const KERNEL = /^lablup\/kernel-([^:]+:[^:]+)$/;

async function inspect({ names, images: all }: Call, { terminal, json }: Context): Promise<number> {
  if (names.length !== 1) throw usage(images, '`berth images inspect` needs one NAME');
  const found = await all.inspect(names[0]!);
  if (json) await writeJson(terminal.stdout, found);
  else {
    const { references, timeoutSeconds, features, corecount, labels, env, warnings } = found;
    const facts: [string, string][] = [
      ['id', found.imageId],
      ['references', references.join(' ')],
      ['names', found.names.join(' ')],
      ['timeout', timeoutSeconds === null ? '' : timeoutSeconds === 0 ? 'none' : `${timeoutSeconds} s`],
      ['features', features.join(' ')],
      ['corecount', corecount.join(' ')],
      ...Object.entries(labels).map(([name, value]): [string, string] => ['label', `${name}=${value}`]),
      ...Object.entries(env).map(([name, value]): [string, string] => ['env', `${name}=${value}`]),
      ...warnings.map((warning): [string, string] => ['warning', warning]),
    ];
    await writeLine(terminal.stdout, table(facts.filter(([, value]) => value !== '').map((row) => row.map(oneLine))));
  }
  return 0;
}

async function rm({ names, images: all }: Call, { terminal, json }: Context): Promise<number> {
  if (names.length === 0) throw usage(images, '`berth images rm` needs a NAME');
  const removed: string[] = [];
  const failed: BerthError[] = [];
  for (const name of names) {
    try {
      removed.push(await all.remove(name));
      if (!json) await writeLine(terminal.stdout, removed.at(-1)!);
    } catch (error) {
      failed.push(toBerthError(error));
    }
  }
  if (json) await writeJson(terminal.stdout, { removed, failed });
  for (const error of failed) await report(error, terminal, false);
  return failed[0]?.exitCode ?? 0;
}

async function pull(call: Call, { terminal, json, interrupts }: Context): Promise<number> {
  const credentials = await credentialsOf(call, terminal.stdin);
  const targets = await targetsOf(call, terminal);
  const controller = new AbortController();
  const { signal } = controller;
  const giveBack = interrupts.take((name) => controller.abort(new Interrupted(name)));
  const pulled: { reference: string; imageId: string }[] = [];
  const failed: BerthError[] = [];
  for (const target of targets) {
    const line = pullLine(terminal, target.reference);
    try {
      const { imageId } = await call.images.pull(target, {
        credentials,
        onProgress: (progress) => line.update(progress),
        signal,
      });
      line.end();
      pulled.push({ reference: target.as ?? target.reference, imageId });
      if (!json) await writeLine(terminal.stdout, `${target.as ?? target.reference} ${imageId}`);
    } catch (error) {
      line.end();
      signal.throwIfAborted();
      failed.push(toBerthError(error));
      await report(error, terminal, false);
    }
  }
  giveBack();
  if (json) await writeJson(terminal.stdout, { pulled, failed });
  if (targets.length > 1) await notice(terminal, `${pulled.length} pulled, ${failed.length} failed`);
  return failed[0]?.exitCode ?? 0;
}

const REGISTRY = /^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?(\/[a-z0-9][a-z0-9._-]*)*\/?$/;

async function targetsOf({ names, values, agent }: Call, terminal: Terminal) {
  if (!values.registered) {
    const stray = ['registry', ...Object.keys(await agent.registeredOptions())].find((name) => isGiven(values, name));
    if (stray) throw usage(images, `--${stray} needs --registered`);
    if (names.length === 0) throw usage(images, '`berth images pull` needs a NAME, or --registered');
    return names.map((reference): AgentCommands.PullTarget => ({ reference }));
  }
  if (names.length > 0) throw usage(images, '`berth images pull` takes either names or --registered');
  if (values.registry !== undefined && !REGISTRY.test(values.registry))
    throw usage(images, `--registry is ${JSON.stringify(values.registry)}: it must be HOST[:PORT][/PATH]`);
  const { names: registered, problems } = await agent.readRegistered(values);
  for (const problem of problems) await notice(terminal, `warning: ${problem}`);
  return registered.map((name) => agent.registeredTarget(name, values.registry));
}

async function credentialsOf({ values: { username, 'password-stdin': fromStdin } }: Call, stdin: AsyncIterable<unknown>) {
  if (username === undefined && !fromStdin) return undefined;
  if (username === undefined || !fromStdin) throw usage(images, '--username and --password-stdin go together');
  let password = '';
  for await (const chunk of stdin) {
    password += String(chunk);
    if (password.length > 64 * 1024) throw new BerthError('too-large', 'the password on standard input is longer than 64 KiB');
  }
  return { username, password: password.replace(/\r?\n$/, '') };
}
