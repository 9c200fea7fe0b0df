/** docs/configuration.md names every setting as the agent knows it. */
import { describe, expect, it } from 'vitest';
import { SETTING_NAMES, settingOf } from '../../packages/agent/src/config/agent-schema.js';
import { read, rowsOf } from './tables.js';

const DOCUMENT = 'docs/configuration.md';
const code = (text: string | undefined) => (text ? `\`${text.replaceAll('|', '\\|')}\`` : '');

describe(DOCUMENT, () => {
  it('has every setting with its sources, default and help, in the order of the table', () => {
    const expected = SETTING_NAMES.map(settingOf).map(({ from, is, help }) => [
      from.toml.replace(/\.\*$/, ''),
      code(from.flag && `--${from.flag}${is.placeholder ? ` ${is.placeholder}` : ''}`),
      (from.env ?? []).map(code).join(', '),
      code(is.default),
      help.replaceAll('|', '\\|') + (from.etcd ? ` (etcd: ${code(from.etcd.key)})` : ''),
    ]);
    expect(rowsOf(DOCUMENT, 'setting')).toEqual(expected);
  });

  it('says of each secret that it is one', () => {
    const secrets = SETTING_NAMES.map(settingOf).filter(({ is }) => is.secret);
    const list = /^Secrets: (.*)\.$/m.exec(read(DOCUMENT))?.[1];
    expect(list?.split(', ')).toEqual(secrets.map(({ from }) => code(from.toml)));
  });
});
