/** Settings as they are shown to people and programs: no secret leaves here. */
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import type { Origin } from './agent-settings.js';
import { resolveAgentSettings } from './resolve.js';
import { nameInFile } from './setting.js';
import { gather, type Sources } from './sources.js';

export interface ShownSetting {
  /** As in berth.toml: `etcd.addr`. */
  readonly name: string;
  /** Null when it is not set. */
  readonly value: string | number | boolean | Readonly<Record<string, string>> | null;
  readonly origin: Origin;
}

/** Stands for secrets. */
export const HIDDEN = '********';

/** All settings, in the order of the table. Errors: those of `resolveAgentSettings`. */
export function shownSettings(sources: Sources): readonly ShownSetting[] {
  const { settings } = resolveAgentSettings(sources);
  const { given } = gather(sources);
  return SETTING_NAMES.map((name) => {
    const { from, is } = settingOf(name);
    const { text, origin } = given[name];
    const typed = settings[name];
    const value = typed instanceof Map ? (Object.fromEntries(typed) as Record<string, string>) : simple(typed, text);
    return { name: nameInFile(from), value: is.secret && value !== null ? HIDDEN : value, origin };
  });
}

function simple(typed: unknown, text: string | undefined): string | number | boolean | null {
  return typeof typed === 'number' || typeof typed === 'boolean' ? typed : text || null;
}
