import type { RunId } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { RpcError } from '../../transport/rpc-error.js';
import { parseWish, runRequest, type StartFacts } from './request.js';
import { keyOf, runIdOf, runNameOf } from './run-names.js';

const FACTS: StartFacts = { supervisor: 'berth', lang: 'python:3.6-debian', timeoutSeconds: 0 };
type Opts = Readonly<Record<string, unknown>>;
const of = (code: string, facts: Partial<StartFacts> = {}) =>
  runRequest(parseWish('query', code, {}), { ...FACTS, ...facts })('r' as RunId);
const batch = (opts: Opts, facts: Partial<StartFacts> = {}) =>
  runRequest(parseWish('batch', '', opts), { ...FACTS, ...facts })('r' as RunId);

describe('a query', () => {
  it.each([
    ['python:3.6-debian', 'python'],
    ['python-tensorflow:1.8-py36-gpu', 'python'],
    ['python3:latest', 'python'],
    ['nodejs:8', 'node'],
    ['git:latest', 'bash'],
    ['registry.example:5000/lab/kernel-python-caffe:1', 'python'],
  ])('in a kernel %s is %s', (lang, language) => {
    expect(of('1', { lang })).toEqual({ runId: 'r', mode: 'query', language, code: '1', durable: true });
  });

  it('is refused for a language without a session of ours', () => {
    expect(() => of('', { lang: 'haskell:8' })).toThrow(RpcError);
    expect(() => of('', { lang: 'constructor:1' })).toThrow('constructor:1 has no interactive session');
  });

  it('goes through as it is where the image brings its own runner', () => {
    expect(of('x', { lang: 'haskell:8', supervisor: 'kernel-runner' })).toMatchObject({
      language: 'python',
      code: 'x',
    });
  });

  it('carries the limit of its image', () => {
    expect(of('', { timeoutSeconds: 0.5 })).toMatchObject({ timeoutMs: 500 });
    expect(of('', { timeoutSeconds: 0 })).not.toHaveProperty('timeoutMs');
  });
});

describe('a batch', () => {
  it('runs both commands in a shell, with an open input', () => {
    expect(batch({ build: 'make x', exec: './x' })).toEqual({
      runId: 'r',
      mode: 'batch',
      build: 'make x',
      argv: ['/bin/sh', '-c', './x'],
      stdin: 'open',
      durable: true,
    });
  });

  it.each([[{}], [{ build: null, exec: null }], [{ build: '', exec: '' }]])('of %j does nothing (D33)', (opts) => {
    expect(batch(opts)).toMatchObject({ build: '', argv: [] });
  });

  it('refuses commands that are no text', () => {
    expect(() => batch({ build: 5 })).toThrow('opts.build is no text');
  });

  it('has a rule for each language of the era, and make before it', () => {
    for (const lang of [
      'python',
      'c',
      'cpp',
      'go',
      'golang',
      'rust',
      'java',
      'haskell',
      'julia',
      'lua',
      'nodejs',
      'octave',
      'php',
      'r',
      'scheme',
      'git',
    ]) {
      const run = batch({ build: '*', exec: '*' }, { lang: `${lang}:1` });
      expect(run).toMatchObject({ build: expect.stringMatching(/^if \[ -f Makefile \]; then exec make; fi/) as string });
      expect((run as unknown as { argv: string[] }).argv[2]).not.toContain('no rule');
    }
    expect((batch({ exec: '*' }, { lang: 'cobol:1' }) as unknown as { argv: string[] }).argv[2]).toContain('no rule');
  });

  it('leaves the star to a runner that has rules of its own', () => {
    expect(batch({ build: '*', exec: '*' }, { supervisor: 'kernel-runner' })).toMatchObject({ build: '*', argv: ['*'] });
  });
});

describe('the name of a run', () => {
  it('is found again in its id', () => {
    for (const given of ['0123456789abcdef0123456789abcdef', 'a.b-c_d', 'ä ö', 'x'.repeat(200), '']) {
      const name = { key: keyOf(given), since: 1_700_000_000_123 };
      const id = runIdOf(name);
      expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);
      expect(runNameOf(id)).toEqual(name);
    }
  });

  it('is not that of other fronts', () => {
    expect(runNameOf('terminal-1')).toBeUndefined();
    expect(runNameOf('0123456789abcdef0123456789abcdef')).toBeUndefined();
  });
});
