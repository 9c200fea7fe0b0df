import { describe, expect, it } from 'vitest';
import { VirtualClock } from '@berth/base';
import { ReplyOutbox } from './reply-outbox.js';

const LIMITS = { holdMs: 1000, heldPerPeer: 2, heldBytes: 100 };

/** Peers that read, do not read, or are gone, by their name. */
function outboxTo(peers: Record<string, 'reads' | 'full' | 'gone'>) {
  const clock = new VirtualClock();
  const sent: string[] = [];
  const socket = {
    send: (frames: Buffer[]) => {
      const state = peers[frames[0]!.toString()];
      if (state !== 'reads')
        return Promise.reject(Object.assign(new Error(state), { code: state === 'full' ? 'EAGAIN' : 'EHOSTUNREACH' }));
      sent.push(frames.map(String).join(' '));
      return Promise.resolve();
    },
  };
  const outbox = new ReplyOutbox(socket, LIMITS, clock);
  const deliver = (peer: string, body: string) => outbox.deliver([Buffer.from(peer), Buffer.from(body)]);
  /** Lets time pass, and what it sets off end. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await new Promise(setImmediate);
    }
  };
  return { outbox, peers, sent, deliver, pass, clock };
}

describe('reply outbox', () => {
  it('tells whether the peer was there', async () => {
    const { deliver } = outboxTo({ a: 'reads', b: 'gone' });
    expect(await deliver('a', '1')).toBe(true);
    expect(await deliver('b', '1')).toBe(false);
  });

  it('holds replies for a peer that does not read, and nobody else waits', async () => {
    const { outbox, peers, sent, deliver, pass } = outboxTo({ slow: 'full', quick: 'reads' });
    const first = deliver('slow', '1');
    const second = deliver('slow', '2');
    await new Promise(setImmediate);
    expect(await deliver('quick', '1')).toBe(true);
    expect(outbox.held).toBe(2);
    peers['slow'] = 'reads';
    await pass(20);
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(sent).toEqual(['quick 1', 'slow 1', 'slow 2']);
  });

  it('gives up after its time', async () => {
    const { outbox, deliver, pass, clock } = outboxTo({ slow: 'full' });
    const reply = deliver('slow', '1');
    await new Promise(setImmediate);
    await pass(990);
    expect(outbox.held).toBe(1);
    await pass(20);
    expect(await reply).toBe(false);
    expect([outbox.held, clock.pending]).toEqual([0, 0]);
  });

  it('gives up at once when the peer goes', async () => {
    const { peers, deliver, pass } = outboxTo({ slow: 'full' });
    const reply = deliver('slow', '1');
    await new Promise(setImmediate);
    peers['slow'] = 'gone';
    await pass(10);
    expect(await reply).toBe(false);
  });

  it('holds only so many for one peer, and so many bytes for all', async () => {
    const { outbox, deliver } = outboxTo({ a: 'full', b: 'full' });
    void deliver('a', '1');
    void deliver('a', '2');
    await new Promise(setImmediate);
    expect(await deliver('a', '3')).toBe(false);
    expect(await deliver('b', 'x'.repeat(100))).toBe(false);
    expect(outbox.held).toBe(2);
    outbox.close();
  });

  it('gives up everything when it is closed, and leaves no timer', async () => {
    const { outbox, deliver, clock } = outboxTo({ a: 'full' });
    const replies = [deliver('a', '1'), deliver('a', '2')];
    await new Promise(setImmediate);
    outbox.close();
    expect(await Promise.all(replies)).toEqual([false, false]);
    expect(await deliver('a', '3')).toBe(false);
    expect([outbox.held, clock.pending]).toEqual([0, 0]);
  });
});
