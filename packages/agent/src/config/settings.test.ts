import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { dataDirectory, parseListen, readSettings } from './settings.js';

const settings = (env: Record<string, string>) => readSettings({ BERTH_DATA_DIR: '/some/where', ...env });

describe('readSettings', () => {
  it.each([
    [{}, { docker: { socketPath: '/var/run/docker.sock' }, logLevel: 'info', dataDir: '/some/where' }],
    [{ DOCKER_HOST: '' }, { docker: { socketPath: '/var/run/docker.sock' } }],
    [{ DOCKER_HOST: 'unix:///run/my.sock' }, { docker: { socketPath: '/run/my.sock' } }],
    [{ DOCKER_HOST: 'tcp://10.0.0.1:2375' }, { docker: { host: '10.0.0.1', port: 2375 } }],
    [{ DOCKER_HOST: 'tcp://[::1]:2375' }, { docker: { host: '::1', port: 2375 } }],
    [{ BERTH_LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    [{ BERTH_DRIVER: '' }, { driver: 'auto' }],
    [{ BERTH_DRIVER: 'auto' }, { driver: 'auto' }],
    [{ BERTH_DRIVER: 'docker' }, { driver: 'docker' }],
    [{ BERTH_DRIVER: 'sandbox' }, { driver: 'sandbox' }],
    [{ BERTH_BUBBLEWRAP: '/opt/bwrap' }, { bubblewrap: '/opt/bwrap' }],
  ])('%j', (env, expected) => {
    expect(settings(env)).toMatchObject(expected);
  });

  it.each([
    [{ DOCKER_HOST: 'unix://relative.sock' }, /DOCKER_HOST is "unix:\/\/relative\.sock": .*absolute/],
    [{ DOCKER_HOST: 'ssh://host' }, /DOCKER_HOST is "ssh:\/\/host"/],
    [{ BERTH_DRIVER: 'podman' }, /BERTH_DRIVER is "podman": .*auto, docker, sandbox/],
    [{ BERTH_LOG_LEVEL: 'loud' }, /BERTH_LOG_LEVEL is "loud": .*debug, info, warn, error/],
  ])('refuses %j', (env, message) => {
    expect(() => settings(env)).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(message) as string }) as Error,
    );
  });
});

describe('a flag for the driver', () => {
  it('wins over the variable', () => {
    expect(readSettings({ BERTH_DATA_DIR: '/d', BERTH_DRIVER: 'podman' }, { driver: 'sandbox' }).driver).toBe('sandbox');
  });

  it('is refused by its own name', () => {
    const refused = expect.objectContaining({
      code: 'bad-usage',
      message: expect.stringContaining('--driver is "x"') as string,
    }) as Error;
    expect(() => readSettings({ BERTH_DATA_DIR: '/d' }, { driver: 'x' })).toThrow(refused);
  });
});

describe('dataDirectory', () => {
  it('is what BERTH_DATA_DIR says, absolute', () => {
    expect(dataDirectory({ BERTH_DATA_DIR: '/a/../b' })).toBe('/b');
    expect(dataDirectory({ BERTH_DATA_DIR: 'here' })).toBe(`${process.cwd()}/here`);
  });

  it.runIf(process.getuid?.() !== 0)('is the user’s own without it', () => {
    expect(dataDirectory({ XDG_DATA_HOME: '/data' })).toBe('/data/berth');
    expect(dataDirectory({ XDG_DATA_HOME: 'relative' })).toBe(`${homedir()}/.local/share/berth`);
  });

  it.runIf(process.getuid?.() === 0)('is that of the system for root', () => {
    expect(dataDirectory({})).toBe('/var/lib/berth');
  });
});

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:8081', { host: '127.0.0.1', port: 8081 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65535 }],
  ])('%s', (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  it.each(['', '8081', ':8081', 'host:', 'host:65536', 'host:-1', 'a b:1', '::1:80'])('refuses %j', (text) => {
    expect(() => parseListen(text)).toThrow(expect.objectContaining({ code: 'bad-usage' }) as Error);
  });
});
