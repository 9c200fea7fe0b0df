import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@berth/base';
import { BerthError, type KernelId, type KernelPhase, type KernelStatistics, type KernelView } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../ports/logger.js';
import { NoticeStore } from './notice-store.js';
import { Notifier } from './notifier.js';

const A = 'a' as KernelId;
const SAMPLE = { at: 1, final: 'exact', cpuNs: 5e6 } as KernelStatistics;

let directory: string;
let notices: NoticeStore;
let clock: VirtualClock;
let told: unknown[];
let phase: KernelPhase | undefined;
let publish: (id: KernelId, statistics: KernelStatistics) => Promise<void>;
let notifier: Notifier;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'notifier-'));
  notices = await NoticeStore.open(directory);
  clock = new VirtualClock();
  told = [];
  phase = 'terminated';
  publish = async (id) => void told.push(['statistics', id]);
  notifier = new Notifier({
    notices,
    clock,
    logger: silentLogger,
    send: (args) => void told.push(args),
    publish: (id, statistics) => publish(id, statistics),
    service: {
      getKernel(id) {
        if (phase === undefined) throw new BerthError('no-such-session', `there is no ${id}`);
        return { phase } as KernelView;
      },
    },
  });
  await notices.keep({ kernelId: A, reason: 'idle-timeout', statistics: SAMPLE, at: clock.now() });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the manager is told of an end', () => {
  it('after the last statistics are where it looks for them', async () => {
    await notifier.tell();
    expect(told).toEqual([
      ['statistics', A],
      [A, 'idle-timeout', expect.objectContaining({ cpu_used: 5 })],
    ]);
  });

  it('once, and again to a manager that was away', async () => {
    await notifier.tell();
    await notifier.tell();
    expect(told.length).toBe(2);
    await notifier.tellAgain();
    expect(told.length).toBe(4);
  });

  it('not before everything of the kernel is gone', async () => {
    phase = 'stopping';
    await notifier.tell();
    expect(told).toEqual([]);
    phase = undefined;
    await notifier.tell();
    expect(told.length).toBe(2);
  });

  it('also when the statistics cannot be written', async () => {
    publish = () => Promise.reject(new Error('Redis is away'));
    await notifier.tell();
    expect(told).toEqual([[A, 'idle-timeout', expect.anything()]]);
  });

  it('for ten minutes with each new connection, and then no more', async () => {
    await notifier.tell();
    clock.advance(10 * 60_000);
    await notifier.clean();
    expect(notices.all().length).toBe(1);
    clock.advance(1);
    await notifier.clean();
    expect(notices.all()).toEqual([]);
  });

  it('however long nobody could be told', async () => {
    phase = 'stopping';
    await notifier.tell();
    clock.advance(3600_000);
    await notifier.clean();
    expect(notices.all().length).toBe(1);
  });
});
