/** Material for tests of the kernel model. */
import { completeKernelSpec, type KernelId, type KernelSpec, type SessionId } from '@berth/wire';
import type { KernelFacts } from '../src/model/facts.js';

export const T0 = 1_700_000_000_000;

export function someFacts(spec: Partial<KernelSpec> = {}, change: Partial<KernelFacts> = {}): KernelFacts {
  return {
    kernelId: 'k1' as KernelId,
    sessionId: 'k1' as SessionId,
    incarnation: 1,
    spec: completeKernelSpec({ image: 'some:1', ...spec }),
    createdAt: T0,
    uid: 1000,
    gid: 1000,
    token: 'ab'.repeat(32),
    carryId: 'c1',
    ...change,
  };
}
