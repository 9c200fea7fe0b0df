/** The file that `berth config init` writes: every setting, commented out. */
import { open } from 'node:fs/promises';
import { BerthError } from '@berth/wire';
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import type { Setting } from './setting.js';

export const SAMPLE_IMAGES = '"python:3.6-debian" = "debian-python:latest"';

const HEAD = `# Settings of \`berth agent -f FILE\`. Flags and environment variables are stronger than this file; what is empty counts as unset.
# Lines that are commented out show the default, or an example where there is none. \`berth config validate -f FILE\` checks it.`;

/** Its text; the settings in it are comments, so that it changes nothing. */
export function sampleFile(): string {
  const settings = SETTING_NAMES.map(settingOf);
  const sectionOf = (setting: Setting<unknown>) => setting.from.toml.split('.')[0]!;
  const sections = [...new Set(settings.map(sectionOf))];
  const parts = sections.map((section) =>
    [`[${section}]`, ...settings.filter((setting) => sectionOf(setting) === section).map(entry)].join('\n'),
  );
  return `${[HEAD, ...parts].join('\n\n')}\n`;
}

/**
 * Writes it, readable for the owner alone, since secrets will go into it. Errors: `bad-usage` when there is a file already (it is never
 * overwritten), `state-unwritable`.
 */
export async function writeSampleFile(path: string): Promise<void> {
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(sampleFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new BerthError('bad-usage', `${path} exists, and is never overwritten`, {
        fix: 'Name another file with -f, or move it away.',
      });
    }
    throw new BerthError('state-unwritable', `${path} cannot be written: ${message}`, {
      cause: error,
      fix: 'Name a file in a directory that you may write to with -f.',
    });
  }
}

function entry({ from, is, help }: Setting<unknown>): string {
  const elsewhere = [...(from.flag ? [`--${from.flag}`] : []), ...(from.env ?? [])].join(', ');
  const comment = `# ${help}${elsewhere ? ` (${elsewhere})` : ''}`;
  if (from.toml.endsWith('.*')) return `${comment}\n#${SAMPLE_IMAGES}`;
  const text = is.default || is.example!;
  const value = is.written === 'list' ? JSON.stringify(text.split(',')) : is.written ? text : JSON.stringify(text);
  return `${comment}\n#${from.toml.split('.')[1]} = ${value}`;
}
