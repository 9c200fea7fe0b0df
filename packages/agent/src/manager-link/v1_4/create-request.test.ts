import { describe, expect, it } from 'vitest';
import { parseCreateRequest } from './create-request.js';

const GOOD = {
  lang: 'python:3.6-debian',
  limits: { cpu_slot: '1', mem_slot: '0.3', gpu_slot: '0' },
  mounts: [['data', 'local', 'AB'.repeat(16)]],
  environ: { A: 'b' },
};

describe('a request for a kernel', () => {
  it('is taken as manager 1.4.0 sends it', () => {
    expect(parseCreateRequest(GOOD)).toEqual({
      lang: 'python:3.6-debian',
      cpu: { hundredths: 100, text: '1.00' },
      memory: { bytes: 322_122_547, text: '0.30' },
      gpu: { hundredths: 0, text: '0.00' },
      mounts: [{ name: 'data', host: 'local', id: 'ab'.repeat(16) }],
      environ: { A: 'b' },
      cpuSet: null,
    });
  });

  it('may leave out mounts, variables and the tag, and send numbers', () => {
    const request = parseCreateRequest({ lang: 'python', limits: { cpu_slot: 0.5, mem_slot: 2, gpu_slot: 0 } });
    expect(request).toMatchObject({ lang: 'python:latest', cpu: { hundredths: 50 }, memory: { bytes: 2 ** 31 }, mounts: [] });
  });

  it('names cores once and sorted', () => expect(parseCreateRequest({ ...GOOD, cpu_set: [3, 1, 3] }).cpuSet).toEqual([1, 3]));

  it.each([
    ['nothing', null, 'config'],
    ['no limits', { ...GOOD, limits: undefined }, 'limits'],
    ['a limit that is missing', { ...GOOD, limits: { cpu_slot: '1', gpu_slot: '0' } }, 'limits.mem_slot is missing'],
    ['a limit that is no number', { ...GOOD, limits: { ...GOOD.limits, cpu_slot: 'x' } }, 'limits.cpu_slot is "x": must be'],
    [
      'a negative limit',
      { ...GOOD, limits: { ...GOOD.limits, cpu_slot: '-1' } },
      'limits.cpu_slot is "-1": must not be negative',
    ],
    ['an odd image', { ...GOOD, lang: '../x' }, 'lang is "../x"'],
    ['a folder that leads upwards', { ...GOOD, mounts: [['..', 'local', 'ab'.repeat(16)]] }, 'mounts.0.0 is ".."'],
    ['a host that is a path', { ...GOOD, mounts: [['data', 'a/b', 'ab'.repeat(16)]] }, 'mounts.0.1 is "a/b"'],
    ['an odd folder id', { ...GOOD, mounts: [['data', 'local', 'xyz']] }, 'mounts.0.2 is "xyz"'],
    ['two folders of one name', { ...GOOD, mounts: [GOOD.mounts[0], GOOD.mounts[0]] }, 'two folders are called "data"'],
    ['a folder over our own', { ...GOOD, mounts: [['.config', 'local', 'ab'.repeat(16)]] }, '".config" is a name of the system'],
    ['a variable with a zero byte', { ...GOOD, environ: { A: 'x\0y' } }, 'environ.A must not contain a zero byte'],
    ['a variable without a name', { ...GOOD, environ: { 'a=b': '' } }, 'environ.a=b'],
    ['a core that is none', { ...GOOD, cpu_set: [-1] }, 'cpu_set.0 is -1'],
  ])('with %s is refused in one sentence', (_, config, says) => expect(() => parseCreateRequest(config)).toThrow(says));

  it('never tells the value of a variable', () => {
    expect(() => parseCreateRequest({ ...GOOD, environ: { KEY: 'secret\0' } })).not.toThrow(/secret/);
  });
});
