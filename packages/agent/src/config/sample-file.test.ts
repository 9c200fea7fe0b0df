import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import { loadAgentSettings } from './load.js';
import { checkAgentSettings, resolveAgentSettings } from './resolve.js';
import { sampleFile, writeSampleFile } from './sample-file.js';
import { HIDDEN, shownSettings } from './shown.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-config-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The sample with all its settings in force. */
const uncommented = () => sampleFile().replace(/^#(?=\S)/gm, '');

describe('the sample file', () => {
  it('is valid and changes nothing', () => {
    const file = { path: 'sample', text: sampleFile() };
    expect(checkAgentSettings({ flags: {}, env: {}, file })).toEqual([]);
    expect(resolveAgentSettings({ flags: {}, env: {}, file })).toEqual(resolveAgentSettings({ flags: {}, env: {} }));
  });

  it('is valid with every line in force, and then sets every setting', () => {
    const file = { path: 'sample', text: uncommented() };
    expect(checkAgentSettings({ flags: {}, env: {}, file })).toEqual([]);
    const { origins } = resolveAgentSettings({ flags: {}, env: {}, file });
    for (const name of SETTING_NAMES) expect(origins[name].source, name).toBe('file');
  });

  it('explains every setting', () => {
    for (const { from, help } of SETTING_NAMES.map(settingOf)) {
      expect(sampleFile()).toContain(`# ${help}`);
      if (from.flag) expect(sampleFile()).toContain(`--${from.flag}`);
      for (const variable of from.env ?? []) expect(sampleFile()).toContain(variable);
    }
  });

  it('is written for its owner alone, and never over another', async () => {
    const path = join(directory, 'berth.toml');
    await writeSampleFile(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe(sampleFile());
    await writeFile(path, 'mine');
    await expect(writeSampleFile(path)).rejects.toMatchObject({
      code: 'bad-usage',
      message: `${path} exists, and is never overwritten`,
    });
    expect(await readFile(path, 'utf8')).toBe('mine');
    await expect(writeSampleFile(join(directory, 'missing', 'x'))).rejects.toMatchObject({ code: 'state-unwritable' });
  });
});

describe('what is shown', () => {
  it('has every setting of the file, and no secret', () => {
    const shown = shownSettings({ flags: {}, env: {}, file: { path: 'f', text: uncommented() } });
    for (const { name, value, origin } of shown) {
      const setting = SETTING_NAMES.map(settingOf).find(({ from }) => from.toml === name || from.toml === `${name}.*`)!;
      expect(origin).toEqual({ source: 'file', name: `${name} in f` });
      if (setting.is.secret) expect(value).toBe(HIDDEN);
      else expect(value).not.toBe(null);
    }
    expect(shown.find(({ name }) => name === 'images')?.value).toEqual({ 'python:3.6-debian': 'debian-python:latest' });
    expect(shown.find(({ name }) => name === 'agent.port')?.value).toBe(6001);
  });

  it('has null for what is not set, secret or not', () => {
    const shown = shownSettings({ flags: {}, env: {} });
    for (const name of ['etcd.password', 'agent.instance-id', 'kernel.runner', 's3.access-key'])
      expect(shown.find((setting) => setting.name === name)?.value, name).toBe(null);
  });
});

describe('loadAgentSettings', () => {
  const load = (path: string, env = {}) => loadAgentSettings({ flags: { config: path }, env });

  it('reads the file that -f names, else that of BERTH_CONFIG', async () => {
    const path = join(directory, 'a.toml');
    await writeFile(path, '[etcd]\nnamespace = "a"');
    await writeFile(`${path}.b`, '[etcd]\nnamespace = "b"');
    expect((await load(path, { BERTH_CONFIG: `${path}.b` })).settings.namespace).toBe('a');
    expect((await load('', { BERTH_CONFIG: `${path}.b` })).settings.namespace).toBe('b');
    expect((await load('', { BERTH_CONFIG: '' })).settings.namespace).toBe('local');
  });

  it('says what a file that is missing, no file, or too large is', async () => {
    await expect(load(join(directory, 'none'))).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringMatching(/none does not exist/) as string,
    });
    await expect(load(directory)).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(load('/dev/zero')).rejects.toMatchObject({ code: 'bad-config', message: '/dev/zero is larger than 1 MiB' });
  });

  it('warns of secrets that others may read', async () => {
    const path = join(directory, 'a.toml');
    await writeFile(path, '[agent]\nbind = "127.0.0.1"\n[etcd]\nuser = "u"\npassword = "abc"', { mode: 0o600 });
    expect((await load(path)).warnings).toEqual([]);
    await chmod(path, 0o640);
    expect((await load(path)).warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)]);
    await writeFile(path, '[agent]\nbind = "127.0.0.1"');
    expect((await load(path)).warnings).toEqual([]);
  });
});
