/** Signs of life of an attached client keep its session's lease; their lack ends the connection. */
import type { Clock, Timer } from '@berth/base';
import type { WebSocket } from 'ws';

const LONGEST_INTERVAL_MS = 30_000;
const MOST_UNANSWERED = 2;

/**
 * Pings every third of the lease, 30 s at most; each answer renews. So a lease ends soon after a client whose host vanished,
 * although its connection still looks open.
 */
export function keepAlive(socket: WebSocket, leaseSeconds: number | null, clock: Clock, renew: () => void): void {
  const interval = Math.min(LONGEST_INTERVAL_MS, ((leaseSeconds ?? Infinity) * 1000) / 3);
  let unanswered = 0;
  let timer: Timer;
  const beat = () => {
    if (unanswered >= MOST_UNANSWERED) return socket.terminate();
    unanswered += 1;
    socket.ping();
    timer = clock.after(interval, beat);
  };
  timer = clock.after(interval, beat);
  socket.on('pong', () => {
    unanswered = 0;
    renew();
  });
  socket.on('close', () => timer.cancel());
}
