import { describe, expect, it } from 'vitest';
import { parseCreateRequest } from './create-request.js';
import { notesOf } from './notes.js';
import { specOf, wishOf, type KernelDefaults } from './plan-kernel.js';
import type { SchedulableImage } from './images.js';

const request = (limits: object = {}, more: object = {}) =>
  parseCreateRequest({ lang: 'python:3.6', limits: { cpu_slot: '1.5', mem_slot: '1', gpu_slot: '0', ...limits }, ...more });

const IMAGE: SchedulableImage = {
  name: 'python:3.6',
  reference: 'lablup/kernel-python:3.6',
  imageId: 'sha256:x',
  corecount: ['OMP_NUM_THREADS'],
  features: new Set(['uid-match']),
  timeoutSeconds: 7,
  supervisor: 'berth',
};
const DEFAULTS: KernelDefaults = { network: 'bridge', idleSeconds: 600, execTimeoutSeconds: undefined, uid: 1001 };

describe('what a kernel wants', () => {
  it('is whole cores and bytes', () =>
    expect(wishOf(request(), [0, 1])).toEqual({ cores: 1, cpuset: null, memoryBytes: 2 ** 30 }));

  it.each([
    ['no processor', request({ cpu_slot: '0.001' }), 'limits.cpu_slot is 0.00: it must be at least 0.01'],
    ['too little memory', request({ mem_slot: '0.03' }), 'limits.mem_slot is 32212254 bytes: it must be at least 32 MiB'],
    ['a share of a device', request({ gpu_slot: '0.1' }), 'limits.gpu_slot is 0.10: this node has no accelerators'],
    ['a core that is not here', request({}, { cpu_set: [0, 9] }), 'cpu_set has the core 9: this node has 0, 1'],
  ])('is refused when it is %s', (_, wanted, says) => expect(() => wishOf(wanted, [0, 1])).toThrow(says));
});

describe('the specification of a kernel', () => {
  const plan = { request: request({}, { environ: { A: 'b' } }), image: IMAGE, cpuset: [0, 1], mounts: [], terminal: null };

  it('has what was asked for, the cores that were chosen, and the variables that the image wants', () => {
    expect(specOf(plan, DEFAULTS)).toMatchObject({
      image: 'lablup/kernel-python:3.6',
      cpus: 1.5,
      cpuset: [0, 1],
      memoryBytes: 2 ** 30,
      network: 'bridge',
      leaseSeconds: 600,
      env: { A: 'b', LOCAL_USER_ID: '1001', OMP_NUM_THREADS: '2' },
    });
  });

  it('keeps what the dialect must know after a restart of the agent', () => {
    const terminal = { stdinPort: 30_000, stdoutPort: 30_001 };
    expect(notesOf(specOf({ ...plan, terminal }, DEFAULTS))).toEqual({
      lang: 'python:3.6',
      shares: { cpu: '1.50', mem: '1.00', gpu: '0.00' },
      execTimeoutSeconds: 7,
      terminal,
    });
  });

  it.each([
    ['that of the image', IMAGE, undefined, 7],
    ['none when nobody says', { ...IMAGE, timeoutSeconds: null }, undefined, 0],
    ['that of the operator', IMAGE, 3, 3],
    ['none when the operator says so', IMAGE, null, 0],
  ])('limits an execution by %s', (_, image, execTimeoutSeconds, seconds) => {
    expect(notesOf(specOf({ ...plan, image }, { ...DEFAULTS, execTimeoutSeconds }))!.execTimeoutSeconds).toBe(seconds);
  });

  it('of another front has no notes of ours', () => expect(notesOf({ annotations: {} })).toBeUndefined());
});
