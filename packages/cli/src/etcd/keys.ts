/** Single keys: get, put, ls, rm, resolve. */
import { BerthError } from '@berth/wire';
import { report } from '../errors.js';
import { writeJson, writeLine } from '../terminal.js';
import type { EtcdVerb } from './verb.js';

/** As the original has it, a slash in front is nothing (seed spec 4.1). */
const relative = (key: string): string => key.replace(/^\//, '');

const noSuchKey = (key: string): BerthError => new BerthError('no-such-key', `there is no key ${JSON.stringify(key)}`);

export const get: EtcdVerb = {
  words: { min: 1, max: 1 },
  takes: 'one KEY',
  options: [],
  async run({ coordinator, words, terminal, json }) {
    const key = relative(words[0]!);
    const value = await coordinator.get(key);
    if (value === null) throw noSuchKey(key);
    if (json) await writeJson(terminal.stdout, { key, value });
    else await writeLine(terminal.stdout, value);
    return 0;
  },
};

export const put: EtcdVerb = {
  words: { min: 2, max: 2 },
  takes: 'KEY and VALUE',
  options: [],
  async run({ coordinator, words, terminal, json }) {
    const key = relative(words[0]!);
    await coordinator.put({ [key]: words[1]! });
    if (json) await writeJson(terminal.stdout, { key, value: words[1]! });
    else await writeLine(terminal.stdout, key);
    return 0;
  },
};

export const ls: EtcdVerb = {
  words: { min: 0, max: 1 },
  takes: 'at most one PREFIX',
  options: [],
  async run({ tools, coordinator, words, terminal, json }) {
    const found = await coordinator.list(relative(words[0] ?? ''));
    if (json) await writeJson(terminal.stdout, { keys: found });
    else for (const { key, value } of found) await writeLine(terminal.stdout, `${key} = ${tools.shownValue(key, value)}`);
    return 0;
  },
};

export const rm: EtcdVerb = {
  words: { min: 1, max: Infinity },
  takes: 'at least one KEY',
  options: [],
  async run({ tools, coordinator, words, terminal, json }) {
    const keys = [...new Set(words.map(relative))];
    const missing = await tools.removeKeys(coordinator, keys);
    const removed = keys.filter((key) => !missing.includes(key));
    const failed = missing.map(noSuchKey);
    if (json) await writeJson(terminal.stdout, { removed, failed });
    else for (const key of removed) await writeLine(terminal.stdout, key);
    for (const error of failed) await report(error, terminal, false);
    return failed[0]?.exitCode ?? 0;
  },
};

export const resolve: EtcdVerb = {
  words: { min: 1, max: 1 },
  takes: 'one ALIAS',
  options: [],
  async run({ tools, coordinator, words, terminal, json }) {
    const resolved = await tools.resolveImage(coordinator, words[0]!);
    if (json) await writeJson(terminal.stdout, resolved);
    else await writeLine(terminal.stdout, resolved.image);
    return 0;
  },
};
