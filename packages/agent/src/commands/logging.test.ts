import { statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { banner } from './banner.js';
import { openLog, type LogOptions, type LogSettings } from './logging.js';
import { RotatingFile } from './rotating-file.js';

const SETTINGS: LogSettings = { logLevel: 'info', logFormat: 'json', logFile: undefined, logFileCount: 2, logFileSize: 1 };

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-log-'));
  path = join(directory, 'agent.log');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What is written to the console while `use` logs. */
function logged(
  settings: Partial<LogSettings>,
  use: (log: ReturnType<typeof openLog>['logger']) => void,
  options: LogOptions = {},
): string {
  let text = '';
  const log = openLog({ ...SETTINGS, ...settings }, { console: { write: (part) => (text += part) }, ...options });
  use(log.logger);
  log.close();
  return text;
}

const objects = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  it('is JSON lines for programs', () => {
    const [line, ...more] = objects(logged({}, (log) => log.warn({ kernel: 'k1', n: 3 }, 'it is so')));
    expect(more).toEqual([]);
    expect(line).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      level: 'WARN',
      name: 'berth.agent',
      processName: 'MainProcess',
      message: 'it is so',
      kernel: 'k1',
      n: 3,
    });
  });

  it('is a line for people', () => {
    const text = logged({ logFormat: 'pretty' }, (log) => log.info({ kernel: 'k1', why: 'a b' }, 'it is so'));
    expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO {2}berth\.agent: it is so kernel=k1 why="a b"\n$/);
    expect(logged({ logFormat: 'pretty' }, (log) => log.error({}, 'x'), { colour: true })).toContain('\u001b[31mERROR');
  });

  it('lets nothing steer a terminal', () => {
    const text = logged({ logFormat: 'pretty' }, (log) =>
      log.info({ a: '\u001b[2J', err: new Error('x\ny\u009b') }, 'one\ntwo\u001b[2J'),
    );
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text.trim()).not.toContain('\n');
  });

  it('has the stack of an error where it matters', () => {
    const use = (level: 'warn' | 'error') =>
      logged({ logFormat: 'pretty' }, (log) =>
        log[level]({ err: Object.assign(new Error('gone'), { code: 'ENOENT' }) }, 'failed'),
      );
    expect(use('warn')).toMatch(/berth\.agent: failed \(ENOENT: gone\)\n$/);
    expect(use('error')).toMatch(/failed \(ENOENT: gone\)\n {4}at /);
  });

  it('begins at its level', () => {
    const all = (log: ReturnType<typeof openLog>['logger']) => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, level);
    };
    const levels = (settings: Partial<LogSettings>) => objects(logged(settings, all)).map(({ level }) => level);
    expect(levels({})).toEqual(['INFO', 'WARN', 'ERROR']);
    expect(levels({ logLevel: 'debug' })).toEqual(['DEBUG', 'INFO', 'WARN', 'ERROR']);
    expect(levels({ logLevel: 'error' })).toEqual(['ERROR']);
  });

  it('hides secrets, by name and wherever they turn up', () => {
    const settings = {
      etcdPassword: 'pass word',
      awsAccessKeyId: 'AKIAX',
      awsSecretAccessKey: 'aws/secret+key',
      datadogApiKey: 'dd-api',
      datadogAppKey: 'dd-app',
      ravenUri: 'https://raven@sentry/1',
    };
    const circular: Record<string, unknown> = { deep: { password: 'by-name' }, list: ['aws/secret+key', { apiKey: 'by-name' }] };
    circular['self'] = circular;
    for (const logFormat of ['json', 'pretty'] as const) {
      const text = logged(
        { ...settings, logFormat, logFile: path },
        (log) => {
          for (const secret of [...Object.values(settings), 'one-more'])
            log.error({ value: secret, err: new Error(`no ${secret}`) }, `it is ${secret}`);
          log.error({ circular, err: new Error('x', { cause: new Error('dd-app') }) }, 'all');
          log.info({ url: 'redis://user:by-name@host/', token: 'by-name', key: 'nodes/manager', none: null }, 'addresses');
        },
        { secrets: ['one-more'] },
      );
      for (const secret of [...Object.values(settings), 'one-more', 'by-name', 'raven@']) expect(text).not.toContain(secret);
      expect(text).toContain('nodes/manager');
      expect(text).toContain('********');
    }
  });

  it('is in the file, too, as JSON lines whatever the console has', async () => {
    const text = logged({ logFormat: 'pretty', logFile: path, ravenUri: 'https://a@b/1' }, (log) =>
      log.info({ a: 1, b: 'https://a@b/1' }, 'both'),
    );
    expect(text).toContain('both');
    expect(objects(await readFile(path, 'utf8'))).toMatchObject([{ level: 'INFO', message: 'both', a: 1, b: '********' }]);
    expect((await stat(path)).mode & 0o007).toBe(0);
  });

  it('says at once that its file cannot be', () => {
    expect(() => openLog({ ...SETTINGS, logFile: join(directory, 'none', 'x') })).toThrow(
      expect.objectContaining({ code: 'state-unwritable', fix: expect.stringContaining('--log-file') as string }) as Error,
    );
  });

  it('goes on without a file that is full, and says so once', () => {
    const text = logged({ logFile: '/dev/full' }, (log) => {
      for (let i = 0; i < 3; i++) log.info({}, `line ${i}`);
    });
    expect(text.match(/^berth: the log file \/dev\/full cannot be written: .*ENOSPC/gm)).toHaveLength(1);
    expect(text.match(/"line \d"/g)).toHaveLength(3);
  });
});

describe('RotatingFile', () => {
  const contents = async () =>
    Object.fromEntries(
      await Promise.all(
        (await readdir(directory)).sort().map(async (name) => [name, await readFile(join(directory, name), 'utf8')]),
      ),
    );
  const write = (keep: number, ...lines: string[]) => {
    const file = new RotatingFile({ path, maxBytes: 10, keep, onTrouble: (message) => expect.fail(message) });
    for (const line of lines) file.write(`${line}\n`);
    file.close();
  };

  it('keeps so many old files, the newest as .1', async () => {
    write(2, '1234', '5678', 'abcd', 'efgh', 'ijkl', 'mnop', 'qrst');
    expect(await contents()).toEqual({ 'agent.log': 'qrst\n', 'agent.log.1': 'ijkl\nmnop\n', 'agent.log.2': 'abcd\nefgh\n' });
  });

  it('keeps none when told so', async () => {
    write(0, '1234', '5678', 'abcd');
    expect(await contents()).toEqual({ 'agent.log': 'abcd\n' });
  });

  it('goes on with the file of an earlier life', async () => {
    write(1, '1234');
    write(1, '5678');
    write(1, 'abcd');
    expect(await contents()).toEqual({ 'agent.log': 'abcd\n', 'agent.log.1': '1234\n5678\n' });
  });

  it('leaves alone what is no file', () => {
    const file = new RotatingFile({ path: '/dev/null', maxBytes: 10, keep: 1, onTrouble: (message) => expect.fail(message) });
    for (let i = 0; i < 5; i++) file.write('12345678\n');
    file.close();
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('never cuts a line, and counts bytes', async () => {
    write(5, 'a line that is too long', 'ééé', 'ééé');
    expect(await contents()).toEqual({
      'agent.log': 'ééé\n',
      'agent.log.1': 'ééé\n',
      'agent.log.2': 'a line that is too long\n',
    });
  });
});

describe('the banner', () => {
  it('says who and where the agent is', () => {
    const facts = {
      version: '1.2.3',
      cloud: 'amazon',
      region: 'amazon/eu',
      instanceId: 'i-1',
      instanceType: 'm5',
      host: '10.0.0.5',
    };
    const lines = banner({ ...facts, docker: { version: '20.10', apiVersion: '1.41' }, slots: { cpu: 4, mem: 8, gpu: 0 } });
    for (const part of [
      '1.2.3',
      process.versions.node,
      'amazon',
      'i-1',
      'm5',
      '10.0.0.5',
      '20.10',
      '1.41',
      'cpu 4, mem 8, gpu 0',
    ])
      expect(lines.join('\n')).toContain(part);
    expect(banner({ ...facts, docker: undefined, slots: {} }).join('\n')).toContain('Docker does not answer yet');
  });
});
