/** Where etcd is, for commands that need nothing else of the agent's settings. */
import type { AgentSettings, Flags, SettingName } from './agent-settings.js';
import { settingOf } from './agent-schema.js';
import { loadAgentSettings } from './load.js';
import { flagOptions, type FlagOption } from './options.js';
import type { Environment } from './sources.js';

const NAMES = [
  'etcdAddr',
  'namespace',
  'etcdUser',
  'etcdPassword',
  'etcdCa',
  'etcdCert',
  'etcdKey',
] as const satisfies readonly SettingName[];

export type CoordinatorSettings = Pick<AgentSettings, (typeof NAMES)[number]>;

/** Their flags. `config` has no short name here: what `-f` names is another file. */
export function coordinatorFlags(): Readonly<Record<string, FlagOption>> {
  const { config, ...others } = flagOptions(NAMES);
  const { short: _, ...long } = config!;
  return { ...others, config: long };
}

/**
 * From the same places as those of an agent. Of the environment only what concerns etcd counts: a bucket that is not set is no
 * reason to refuse here. Errors: `file-unreadable`, `bad-usage`, `bad-config`.
 */
export async function loadCoordinatorSettings(flags: Flags, env: Environment = process.env): Promise<CoordinatorSettings> {
  const names = [...NAMES.flatMap((name) => settingOf(name).from.env ?? []), 'BERTH_CONFIG'];
  const own = NAMES.map((name) => settingOf(name).from.flag).concat('config');
  const { settings } = await loadAgentSettings({
    flags: Object.fromEntries(Object.entries(flags).filter(([name]) => own.includes(name))),
    env: Object.fromEntries(names.map((name) => [name, env[name]])),
  });
  return settings;
}
