import type * as AgentCommands from '@berth/agent/commands';
import { didYouMean } from '@berth/base';
import { usage } from '../args/parse.js';
import { defineCommand, type Context } from '../command.js';
import { agentOptions } from '../node/agent-options.js';
import { withStop } from '../errors.js';
import { notice, table, writeJson, writeLine } from '../terminal.js';

const SAMPLE = 'berth.toml';

type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

const VERBS = { show, validate, init };

export const config = defineCommand({
  name: 'config',
  summary: 'show, check or begin the settings of `berth agent`',
  usage: ['config show [--origin] [-f FILE] [OPTIONS]', 'config validate [-f FILE] [OPTIONS]', 'config init [-f FILE]'],
  details: [
    'show prints each setting as an agent with the same file, options and environment would have it; secrets are hidden.',
    'validate tells everything that is wrong with them, a line each.',
    `init writes a sample with every setting explained, to ${SAMPLE} unless -f names another; it never overwrites a file.`,
  ],
  options: { origin: { type: 'boolean', help: 'with show: say where each value comes from' } },
  moreOptions: agentOptions,
  words: { min: 1, max: 1 },
  wordNames: 'one of show, validate, init',
  examples: [
    ['config init -f /etc/berth/berth.toml', 'a file to begin with'],
    ['config show --origin -f /etc/berth/berth.toml', 'what an agent would use, and why'],
    ['config validate -f /etc/berth/berth.toml', 'before a restart'],
  ],
  async run({ values, words: [verb] }, context) {
    if (!Object.hasOwn(VERBS, verb!)) {
      const meant = didYouMean(verb!, Object.keys(VERBS));
      throw usage(config, `\`berth config\` knows show, validate and init, but not ${JSON.stringify(verb)}.${meant}`);
    }
    const { agentConfig } = await import('@berth/agent/commands');
    return VERBS[verb as keyof typeof VERBS](await agentConfig(), values, context);
  },
});

type AgentConfig = Awaited<ReturnType<typeof AgentCommands.agentConfig>>;

async function show({ readSources, shownSettings }: AgentConfig, flags: Flags, { terminal, json }: Context): Promise<number> {
  const { sources } = await readSources({ flags });
  const settings = shownSettings(sources);
  if (json) {
    await writeJson(terminal.stdout, { settings });
    return 0;
  }
  const head = flags['origin'] ? ['SETTING', 'VALUE', 'ORIGIN'] : ['SETTING', 'VALUE'];
  const rows = settings.map(({ name, value, origin }) =>
    [name, shown(value), origin.name || origin.source].slice(0, head.length),
  );
  await writeLine(terminal.stdout, table([head, ...rows]));
  return 0;
}

async function validate(agent: AgentConfig, flags: Flags, { terminal, json }: Context): Promise<number> {
  const { sources } = await agent.readSources({ flags });
  const problems = agent.checkAgentSettings(sources);
  for (const { message, fix } of problems.slice(0, -1)) await notice(terminal, `${withStop(message)} ${fix}`);
  if (problems.length > 0) throw problems.at(-1)!;
  const { warnings } = await agent.loadAgentSettings({ flags });
  for (const warning of warnings) await notice(terminal, `warning: ${warning}`);
  if (json) await writeJson(terminal.stdout, { valid: true, warnings });
  else await writeLine(terminal.stdout, `${sources.file?.path ?? 'the settings'}: valid`);
  return 0;
}

async function init({ writeSampleFile }: AgentConfig, flags: Flags, { terminal, json }: Context): Promise<number> {
  const path = typeof flags['config'] === 'string' && flags['config'] ? flags['config'] : SAMPLE;
  await writeSampleFile(path);
  if (json) await writeJson(terminal.stdout, { file: path });
  else await writeLine(terminal.stdout, `${path} written; \`berth agent -f ${path}\` uses it`);
  return 0;
}

function shown(value: unknown): string {
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([name, reference]) => `${name} = ${reference}`)
    .join(', ');
}
