/** The flags of `berth agent` in the form in which the command line describes options. */
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import type { SettingName } from './agent-settings.js';

export interface FlagOption {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: boolean;
  readonly value?: string;
  readonly help: string;
}

/** By name without dashes, in the order of the table; `config` first. Other commands may want those of a few settings. */
export function flagOptions(names: readonly SettingName[] = SETTING_NAMES): Readonly<Record<string, FlagOption>> {
  const config = { type: 'string', short: 'f', value: 'FILE', help: 'settings from this file (TOML) [BERTH_CONFIG]' } as const;
  const entries = names.map(settingOf).flatMap(({ from, is, help }): [string, FlagOption][] => {
    if (from.flag === undefined) return [];
    const notes = [...(from.env ?? []), ...(is.placeholder && is.default ? [`default ${is.default}`] : [])];
    const option: FlagOption = {
      type: is.placeholder === undefined ? 'boolean' : 'string',
      ...(from.short ? { short: from.short } : {}),
      ...(is.written === 'list' ? { multiple: true } : {}),
      ...(is.placeholder ? { value: is.placeholder } : {}),
      help: notes.length > 0 ? `${help} [${notes.join(', ')}]` : help,
    };
    return [[from.flag, option]];
  });
  return Object.fromEntries([['config', config], ...entries]) as Record<string, FlagOption>;
}

/** Variables that have no flag, for the help. */
export const VARIABLES_ONLY: readonly string[] = SETTING_NAMES.map(settingOf).flatMap(({ from }) =>
  from.flag === undefined ? (from.env?.slice(0, 1) ?? []) : [],
);
