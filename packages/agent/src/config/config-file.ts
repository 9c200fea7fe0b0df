/** berth.toml, as texts that each setting parses for itself. */
import { didYouMean, suggestion } from '@berth/base';
import { BerthError } from '@berth/wire';
import { parse } from 'smol-toml';
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import { nameInFile, type Setting } from './setting.js';

export interface ConfigFile {
  /** As it was named. */
  readonly path: string;
  readonly text: string;
}

export interface FileContent {
  /** By `section.key`. What is empty is not in it. */
  readonly texts: ReadonlyMap<string, string>;
  /** What is wrong with it; each `bad-config`. */
  readonly problems: readonly BerthError[];
}

const BY_KEY: ReadonlyMap<string, Setting<unknown>> = new Map(
  SETTING_NAMES.map((name) => [settingOf(name).from.toml, settingOf(name)]),
);
const KEYS = [...BY_KEY.keys()];
const SECTIONS = [...new Set(KEYS.map((key) => key.split('.')[0]!))];

export function readConfigText({ path, text }: ConfigFile): FileContent {
  const texts = new Map<string, string>();
  const problems: BerthError[] = [];
  const bad = (message: string, fields: Record<string, string> = {}) =>
    problems.push(new BerthError('bad-config', message, { fix: `Correct ${path}.`, fields: { file: path, ...fields } }));
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    // Only the first line: the others quote the file, and so what is secret in it.
    bad(`${path} is no TOML: ${(error as Error).message.split('\n')[0]}${placeOf(error)}`);
    return { texts, problems };
  }
  const take = (key: string, value: unknown) => {
    const setting = BY_KEY.get(key)!;
    try {
      const taken = key.endsWith('.*') ? tableText(value) : textOf(value, setting);
      if (taken !== '') texts.set(key, taken);
    } catch (error) {
      const name = nameInFile(setting.from);
      bad(`${name} in ${path}: ${(error as Error).message}`, { setting: name });
    }
  };
  for (const [section, content] of Object.entries(document)) {
    if (BY_KEY.has(`${section}.*`)) take(`${section}.*`, content);
    else if (!SECTIONS.includes(section)) bad(`${path} has an unknown ${describe(section, content)}.${meantSection(section)}`);
    else if (!isTable(content)) bad(`${section} in ${path} must be a table: [${section}]`);
    else {
      for (const [name, value] of Object.entries(content)) {
        if (BY_KEY.has(`${section}.${name}`)) take(`${section}.${name}`, value);
        else bad(`${path} has an unknown key ${section}.${name}.${meantKey(section, name)}`);
      }
    }
  }
  return { texts, problems };
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function textOf(value: unknown, { is }: Setting<unknown>): string {
  if (typeof value === 'string') return value;
  if (is.written === 'number' && typeof value === 'number') return String(value);
  if (is.written === 'switch' && typeof value === 'boolean') return String(value);
  if (is.written === 'list' && Array.isArray(value) && value.every((part) => typeof part === 'string')) {
    return value.filter((part) => part !== '').join(',');
  }
  const forms = { number: 'a number', switch: 'true or false', list: 'a text, or a list of texts' };
  throw new Error(`it must be ${is.written ? forms[is.written] : 'a text, in quotes'}`);
}

function tableText(value: unknown): string {
  if (!isTable(value)) throw new Error('it must be a table');
  const entries = Object.entries(value).filter(([, text]) => text !== '');
  return entries.length === 0 ? '' : JSON.stringify(entries);
}

function placeOf(error: unknown): string {
  const { line, column } = error as { line?: number; column?: number };
  return line === undefined ? '' : ` (line ${line}, column ${column})`;
}

const describe = (section: string, content: unknown) => (isTable(content) ? `section [${section}]` : `key ${section}`);

/** A key without its section may have been meant, too. */
function meantSection(section: string): string {
  const elsewhere = KEYS.find((key) => key.split('.')[1] === section);
  return elsewhere ? ` Did you mean ${elsewhere}?` : didYouMean(section, SECTIONS);
}

function meantKey(section: string, name: string): string {
  const near = suggestion(
    name,
    KEYS.flatMap((key) => (key.startsWith(`${section}.`) ? [key.slice(section.length + 1)] : [])),
  );
  if (near) return ` Did you mean ${section}.${near}?`;
  const elsewhere = KEYS.find((key) => key.split('.')[1] === name);
  return elsewhere ? ` Did you mean ${elsewhere}?` : '';
}
