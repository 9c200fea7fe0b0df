import { describe, expect, it } from 'vitest';
import { someFacts } from '../../../testing/model.js';
import { emptyDraft, type LifecycleHook } from '../hook.js';
import { bySupervisor } from './by-supervisor.js';

describe('a hook by supervisor', () => {
  it('is the one of the kernel, or none', async () => {
    const calls: string[] = [];
    const mine: LifecycleHook = {
      name: 'mine',
      acquire: async () => void calls.push('acquire'),
      ending: async () => void calls.push('ending'),
      release: async () => void calls.push('release'),
    };
    const hook = bySupervisor('x', { berth: null, 'kernel-runner': mine });
    const end = { reason: 'user-requested', detail: '', at: 0 } as const;
    for (const supervisor of ['berth', 'kernel-runner'] as const) {
      const facts = someFacts({ supervisor });
      await hook.acquire({ facts, draft: emptyDraft(), signal: new AbortController().signal, containerMade: async () => {} });
      await hook.ending!({ facts, containerId: null, end });
      await hook.release({ facts, containerId: null, end });
    }
    expect(calls).toEqual(['acquire', 'ending', 'release']);
  });
});
