/** How a value that cannot be used is told: one line with its name, where it comes from, the value unless secret, and a way out. */
import { BerthError } from '@berth/wire';
import { settingOf } from './agent-schema.js';
import type { Origin, SettingName } from './agent-settings.js';
import { nameInFile } from './setting.js';
import type { Given } from './sources.js';

/** More of a value than this says no more. */
const SHOWN = 120;

/** `bad-usage` for a flag, `bad-config` for all else. */
export function problemWith(name: SettingName, { text = '', origin }: Given, why: string): BerthError {
  const { from, is } = settingOf(name);
  const shown = withoutPassword(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
  const open = is.secret !== true && !from.toml.endsWith('.*');
  return new BerthError(
    origin.source === 'flag' ? 'bad-usage' : 'bad-config',
    `${nameOf(name, origin)}${open ? ` is ${JSON.stringify(shown)}` : ''}: ${why}`,
    {
      fix: remedy(name, origin),
      fields: { setting: nameInFile(from), origin: origin.source, ...(open ? { value: shown } : {}) },
    },
  );
}

/** What a person would call it: `--agent-port`, `AWS_S3_BUCKET`; for a default what it may be set by. */
export function nameOf(name: SettingName, origin: Origin): string {
  const { from } = settingOf(name);
  return origin.name || (from.flag ? `--${from.flag}` : (from.env?.[0] ?? from.toml));
}

function remedy(name: SettingName, { source, name: place }: Origin): string {
  const { from, is } = settingOf(name);
  const value = is.secret ? undefined : is.default || is.example;
  switch (source) {
    case 'flag':
    case 'default':
      return `${value && from.flag ? `For example --${from.flag} ${value}; see` : 'See'} \`berth help agent\`.`;
    case 'environment':
      return `Correct the variable, or unset it${value ? `; for example ${place}=${value}` : ''}.`;
    case 'file':
      return `Correct it there, or leave it out; \`berth config validate\` checks the file.`;
    case 'etcd':
      return `Correct it with \`berth etcd put ${from.etcd?.key} ...\`, or set --${from.flag}.`;
  }
}

/** Of an address that was written with one, against the rules. */
const withoutPassword = (text: string) => text.replace(/[^\s,/]*@/g, '***@');
