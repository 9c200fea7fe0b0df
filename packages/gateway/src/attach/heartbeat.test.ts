import { EventEmitter } from 'node:events';
import { VirtualClock } from '@berth/base';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { keepAlive } from './heartbeat.js';

class FakeSocket extends EventEmitter {
  pings = 0;
  terminated = false;
  ping(): void {
    this.pings += 1;
  }
  terminate(): void {
    this.terminated = true;
    this.emit('close');
  }
}

function start(leaseSeconds: number | null) {
  const socket = new FakeSocket();
  const clock = new VirtualClock();
  const renewals: number[] = [];
  keepAlive(socket as unknown as WebSocket, leaseSeconds, clock, () => renewals.push(clock.now()));
  return { socket, clock, renewals };
}

describe('keepAlive', () => {
  it.each([
    [90, 30_000],
    [30, 10_000],
    [600, 30_000],
    [null, 30_000],
  ])('with a lease of %s s asks every %d ms', (lease, interval) => {
    const { socket, clock } = start(lease);
    clock.advance(interval - 1);
    expect(socket.pings).toBe(0);
    clock.advance(1);
    expect(socket.pings).toBe(1);
  });

  it('renews with each answer, and not without', () => {
    const { socket, clock, renewals } = start(90);
    clock.advance(30_000);
    expect(renewals).toEqual([]);
    socket.emit('pong');
    expect(renewals).toHaveLength(1);
  });

  it('ends the connection of a client that does not answer, within the lease', () => {
    const { socket, clock, renewals } = start(90);
    clock.advance(90_000);
    expect(socket.terminated).toBe(true);
    expect(renewals).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer behind', () => {
    const { socket, clock } = start(90);
    socket.emit('close');
    expect(clock.pending).toBe(0);
  });
});
