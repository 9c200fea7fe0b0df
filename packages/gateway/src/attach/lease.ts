/** A connected client keeps the lease of its session. */
import type { Clock } from '@berth/base';
import type { KernelId, KernelService } from '@berth/wire';
import type { WebSocket } from 'ws';
import { keepAlive } from './heartbeat.js';

/** Renews the lease now and with each sign of life. Errors: `no-such-session`. */
export function keepLease(socket: WebSocket, service: KernelService, clock: Clock, session: KernelId): void {
  const { leaseSeconds } = service.renewLease(session).spec;
  keepAlive(socket, leaseSeconds, clock, () => {
    try {
      service.renewLease(session);
    } catch {
      // The session ended meanwhile: its streams tell.
    }
  });
}
