import { describe, expect, it } from 'vitest';
import { completeKernelSpec, KERNEL_SPEC_DEFAULTS } from './spec.js';

describe('a specification', () => {
  it('is completed with the defaults', () => {
    expect(completeKernelSpec({ image: 'some:1' })).toEqual({ ...KERNEL_SPEC_DEFAULTS, image: 'some:1' });
  });

  it('keeps what was asked for', () => {
    const asked = { image: 'host', cpus: 2, network: 'bridge', leaseSeconds: 5 } as const;
    expect(completeKernelSpec(asked)).toMatchObject(asked);
  });
});
