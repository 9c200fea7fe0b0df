import { BerthError } from '@berth/wire';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '@berth/base';
import { someFacts } from '../../testing/model.js';
import type { RunnerChannel } from '../ports/channel.js';
import { silentLogger } from '../ports/logger.js';
import type { KernelContext } from './kernel-context.js';
import { LinkKeeper } from './link-keeper.js';

const OVER = new BerthError('session-ended', 'it is over');

/** A channel that does nothing but be open or closed. */
function someChannel(): RunnerChannel & { readonly close: ReturnType<typeof vi.fn> } {
  let tell!: (why: string) => void;
  const closed = new Promise<string>((resolve) => (tell = resolve));
  const refused = () => Promise.reject(OVER);
  const calls = { call: refused, attach: refused, connect: refused, definition: refused };
  return { hello: {} as never, closed, close: vi.fn(() => tell('closed')), ...calls };
}

function keeper(connect: () => Promise<RunnerChannel>) {
  const told: string[] = [];
  const context = {
    connector: { connect },
    clock: systemClock,
    logger: silentLogger,
    scratchRoot: '/none',
  } as unknown as KernelContext;
  const link = new LinkKeeper({
    context,
    facts: someFacts(),
    runnerExtras: () => ({ env: {}, fifos: 0 }),
    isOver: () => false,
    onUp: () => told.push('up'),
    onDown: () => told.push('down'),
    onRefused: () => Promise.resolve(),
  });
  return { link, told };
}

describe('the keeper of a link', () => {
  it('seeks until somebody answers, and again when the link is lost', async () => {
    const channels = [someChannel(), someChannel()];
    const answers: (() => Promise<RunnerChannel>)[] = [
      () => Promise.reject(new BerthError('runner-lost', 'not yet')),
      () => Promise.resolve(channels[0]!),
      () => Promise.reject(new BerthError('runner-lost', 'not just now')),
      () => Promise.resolve(channels[1]!),
    ];
    const { link, told } = keeper(() => answers.shift()!());
    const stop = new AbortController();
    const keeping = link.keep(stop.signal);
    expect(await link.whenUp()).toBe(channels[0]);
    channels[0]!.close();
    await channels[0]!.closed;
    expect(await link.whenUp()).toBe(channels[1]);
    link.close(OVER);
    await keeping;
    expect([told, answers]).toEqual([['up', 'down', 'up', 'down'], []]);
  });

  it('that is closed while it connects takes no link any more', async () => {
    const channel = someChannel();
    let connected!: (channel: RunnerChannel) => void;
    const { link, told } = keeper(() => new Promise((resolve) => (connected = resolve)));
    const keeping = link.keep(new AbortController().signal);
    const waiting = link.whenUp();
    link.close(OVER);
    connected(channel);
    await keeping;
    await expect(waiting).rejects.toBe(OVER);
    await expect(link.whenUp()).rejects.toBe(OVER);
    expect(channel.close).toHaveBeenCalled();
    expect([told, link.channel]).toEqual([[], undefined]);
  });

  it('lets who waits go with the signal', async () => {
    const { link } = keeper(() => new Promise(() => {}));
    const waiter = new AbortController();
    const waiting = link.whenUp(waiter.signal);
    waiter.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('asks nobody to shut down when there is no link, and does not mind one that fails', async () => {
    const { link } = keeper(() => Promise.resolve(someChannel()));
    await link.shutdownRunner(1000);
    const stop = new AbortController();
    const keeping = link.keep(stop.signal);
    await link.whenUp();
    await link.shutdownRunner(1000);
    link.close(OVER);
    await keeping;
  });
});
