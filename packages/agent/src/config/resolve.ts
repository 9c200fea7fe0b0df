/** From all sources to settings. Pure. */
import type { BerthError } from '@berth/wire';
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import type { AgentSettings, Origin, ResolvedSettings, SettingName } from './agent-settings.js';
import { contradictions } from './contradictions.js';
import { problemWith } from './problem.js';
import { fromEtcd, gather, type EtcdValues, type Given, type Sources } from './sources.js';
import { warningsOf } from './warnings.js';

/** Words in braces, as guides have them for the reader to replace (seed spec 0.10 no. 2). */
const PLACEHOLDER = /\{(?:\.\.\.|[A-Za-z_][\w.-]*)\}/;

/** Errors: `bad-usage` for a flag, `bad-config` for all else: the first that {@link checkAgentSettings} finds. */
export function resolveAgentSettings(sources: Sources): ResolvedSettings {
  const { problems, resolved } = resolveAll(sources);
  if (problems.length > 0) throw problems[0]!;
  return resolved;
}

/** Everything that is wrong, in the order of the table. */
export function checkAgentSettings(sources: Sources): readonly BerthError[] {
  return resolveAll(sources).problems;
}

/**
 * The same with values from etcd (`nodes/idle_timeout` and the like, by key below the namespace) for what is still at its default.
 * Errors: `bad-config`.
 */
export function withEtcd(resolved: ResolvedSettings, values: EtcdValues): ResolvedSettings {
  const settings: Record<string, unknown> = { ...resolved.settings };
  const origins: Record<SettingName, Origin> = { ...resolved.origins };
  for (const name of SETTING_NAMES) {
    const given = resolved.origins[name].source === 'default' ? fromEtcd(settingOf(name), values) : undefined;
    if (!given) continue;
    settings[name] = parseGiven(name, given);
    origins[name] = given.origin;
  }
  return { ...resolved, settings: settings as unknown as AgentSettings, origins };
}

function resolveAll(sources: Sources): { readonly problems: readonly BerthError[]; readonly resolved: ResolvedSettings } {
  const { given, problems: ofFile } = gather(sources);
  const problems = [...ofFile];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of SETTING_NAMES) {
    try {
      values[name] = parseGiven(name, given[name]);
    } catch (error) {
      problems.push(error as BerthError);
    }
  }
  // Only complete settings can be compared with each other.
  const settings = values as AgentSettings;
  const origins = Object.fromEntries(SETTING_NAMES.map((name) => [name, given[name].origin])) as Record<SettingName, Origin>;
  if (problems.length > 0) return { problems, resolved: { settings, origins, warnings: [] } };
  const logLevel = settings.debug ? 'debug' : settings.logLevel;
  const warnings = warningsOf(settings, origins);
  return { problems: contradictions(settings, origins), resolved: { settings: { ...settings, logLevel }, origins, warnings } };
}

function parseGiven(name: SettingName, given: Given): unknown {
  if (given.text === undefined) return undefined;
  const { parse, secret } = settingOf(name).is;
  const placeholder = PLACEHOLDER.exec(given.text)?.[0];
  if (placeholder !== undefined) {
    const which = secret ? 'a placeholder in braces' : `the placeholder ${placeholder}`;
    throw problemWith(name, given, `${which} was left in it: put the real value there, or leave it empty`);
  }
  try {
    return parse(given.text);
  } catch (error) {
    throw problemWith(name, given, (error as Error).message);
  }
}
