import { expect, it } from 'vitest';
import { debugMounts } from './debug-mounts.js';

it('each file of a debugger goes where images of either generation have it, read-only', () => {
  expect(debugMounts({ debugKernel: '/src/ai/backend', debugJail: undefined, debugHook: '/hook.so' })).toEqual([
    { source: '/src/ai/backend', target: '/usr/local/lib/python3.6/site-packages/ai/backend', readOnly: true },
    { source: '/hook.so', target: '/home/backend.ai/libbaihook.so', readOnly: true },
    { source: '/hook.so', target: '/home/sorna/libbaihook.so', readOnly: true },
  ]);
});

it('without one there is nothing', () => {
  expect(debugMounts({ debugKernel: undefined, debugJail: undefined, debugHook: undefined })).toEqual([]);
});
