import fc from 'fast-check';
import { completeKernelSpec, type KernelId } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { Admission, type Grant } from './admission.js';

const MIB = 2 ** 20;
const LIMITS = { nodes: [{ node: 0, cores: [0, 1] }], memoryBytes: 1024 * MIB };
const wish = (mib: number, cores = 1) => ({ cores, cpuset: null, memoryBytes: mib * MIB });

function kernel(id: string, grant: Pick<Grant, 'memoryBytes' | 'cpuset'>) {
  return { kernelId: id as KernelId, spec: completeKernelSpec({ image: 'i', ...grant }) };
}

describe('admission', () => {
  it('counts living kernels and those that are being made', async () => {
    const admission = new Admission(LIMITS, () => [kernel('a', { memoryBytes: 512 * MIB, cpuset: [0] })]);
    await admission.hold('b', wish(256), async (grant) => {
      expect(grant.cpuset).toEqual([1]);
      await expect(admission.hold('c', wish(257), async () => {})).rejects.toMatchObject({
        code: 'resources-short',
        fields: { slot: 'mem', wanted: 257 * MIB, limit: 1024 * MIB, used: 768 * MIB },
      });
      await admission.hold('c', wish(256), async () => {});
    });
  });

  it('counts cores that were named as those that were chosen (D16)', async () => {
    const admission = new Admission(LIMITS, () => []);
    await admission.hold('a', { ...wish(1), cpuset: [0] }, async (grant) => {
      expect(grant.cpuset).toEqual([0]);
      await admission.hold('b', wish(1), async ({ cpuset }) => expect(cpuset).toEqual([1]));
    });
  });

  it('gives back in the same step what a failed creation held', async () => {
    const admission = new Admission(LIMITS, () => []);
    await expect(admission.hold('a', wish(1024), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await admission.hold('b', wish(1024), async () => {});
  });

  it('counts a kernel once while it is both held and living', async () => {
    const living = [kernel('a', { memoryBytes: 600 * MIB, cpuset: [0] })];
    const admission = new Admission(LIMITS, () => living);
    await admission.hold('a', wish(600), () => admission.hold('b', wish(400), async () => {}));
  });

  it('never promises more than there is, whatever is made, fails and ends', async () => {
    const step = fc.oneof(
      fc.record({ make: fc.integer({ min: 1, max: 800 }), fails: fc.boolean() }),
      fc.record({ end: fc.nat({ max: 10 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let living: ReturnType<typeof kernel>[] = [];
        const admission = new Admission(LIMITS, () => living);
        const sum = () => living.reduce((total, { spec }) => total + spec.memoryBytes, 0);
        for (const [index, s] of steps.entries()) {
          if ('end' in s) living = living.filter((_, at) => at !== s.end);
          else {
            const before = sum();
            const made = admission.hold(`k${index}`, wish(s.make), async (grant) => {
              if (s.fails) throw new Error('failed');
              living = [...living, kernel(`k${index}`, grant)];
            });
            const fits = before + s.make * MIB <= LIMITS.memoryBytes;
            const outcome = await made.then(
              () => 'made',
              (error: { code?: string }) => error.code ?? 'failed',
            );
            expect(outcome).toBe(!fits ? 'resources-short' : s.fails ? 'failed' : 'made');
          }
          expect(sum()).toBeLessThanOrEqual(LIMITS.memoryBytes);
        }
      }),
    );
  });
});
