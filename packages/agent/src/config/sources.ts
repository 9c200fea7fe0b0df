/** Which of its sources gives a setting its value. */
import type { BerthError } from '@berth/wire';
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import type { Flags, Origin, SettingName } from './agent-settings.js';
import { readConfigText, type ConfigFile, type FileContent } from './config-file.js';
import { nameInFile, type Setting } from './setting.js';

export type Environment = Readonly<Record<string, string | undefined>>;
/** By key below the namespace. */
export type EtcdValues = Readonly<Record<string, string | null | undefined>>;

export interface Sources {
  readonly flags: Flags;
  readonly env: Environment;
  readonly file?: ConfigFile | undefined;
  readonly etcd?: EtcdValues | undefined;
}

/** A value before it is parsed; without text it was given nowhere and has no default. */
export interface Given {
  readonly text: string | undefined;
  readonly origin: Origin;
}

export interface AllGiven {
  readonly given: Readonly<Record<SettingName, Given>>;
  /** With the file as such. */
  readonly problems: readonly BerthError[];
}

/** Flags over environment over file over etcd over defaults; what is empty counts as unset. */
export function gather(sources: Sources): AllGiven {
  const content: FileContent = sources.file ? readConfigText(sources.file) : { texts: new Map(), problems: [] };
  const given = Object.fromEntries(
    SETTING_NAMES.map((name) => {
      const setting = settingOf(name);
      const first =
        fromFlags(setting, sources.flags) ??
        fromEnvironment(setting, sources.env) ??
        fromFile(setting, content, sources.file?.path ?? '') ??
        fromEtcd(setting, sources.etcd ?? {});
      return [name, first ?? { text: setting.is.default, origin: { source: 'default', name: '' } }];
    }),
  ) as unknown as Record<SettingName, Given>;
  return { given, problems: content.problems };
}

function fromFlags({ from: { flag } }: Setting<unknown>, flags: Flags): Given | undefined {
  const typed = flag === undefined || !Object.hasOwn(flags, flag) ? undefined : flags[flag];
  const text = typeof typed === 'object' ? typed.filter((part) => part !== '').join(',') : String(typed || '');
  return text === '' ? undefined : { text, origin: { source: 'flag', name: `--${flag}` } };
}

function fromEnvironment({ from }: Setting<unknown>, env: Environment): Given | undefined {
  const name = from.env?.find((variable) => env[variable]);
  return name === undefined ? undefined : { text: env[name]!, origin: { source: 'environment', name } };
}

function fromFile({ from }: Setting<unknown>, { texts }: FileContent, path: string): Given | undefined {
  const text = texts.get(from.toml);
  return text === undefined ? undefined : { text, origin: { source: 'file', name: `${nameInFile(from)} in ${path}` } };
}

export function fromEtcd({ from: { etcd } }: Setting<unknown>, values: EtcdValues): Given | undefined {
  const text = etcd && Object.hasOwn(values, etcd.key) ? values[etcd.key] : undefined;
  return etcd && text ? { text: etcd.read(text), origin: { source: 'etcd', name: `${etcd.key} in etcd` } } : undefined;
}
