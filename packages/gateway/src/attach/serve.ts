/** One attached client: a connection for one run, on channel 0. */
import type { Clock } from '@berth/base';
import { ATTACH_CLOSE, type KernelService } from '@berth/wire';
import type { WebSocket } from 'ws';
import { onClientFrames } from './client-frames.js';
import { keepLease } from './lease.js';
import { RunChannel } from './run-channel.js';
import type { AttachTarget } from './target.js';

/** How long a client may take to leave after its `end`, before it is asked to. */
const LEAVE_PATIENCE_MS = 60_000;

/** Serves the client until either side goes; resolves once the run has no more to say. Never rejects. */
export async function serveAttach(socket: WebSocket, service: KernelService, clock: Clock, target: AttachTarget): Promise<void> {
  const channel = new RunChannel(socket, 0, service, target);
  socket.on('close', () => channel.close());
  onClientFrames(socket, (frame) => channel.take(frame));
  await channel.serve(async () => {
    keepLease(socket, service, clock, target.session);
    return service.attachRun(target.session, target.run, { from: target.from });
  });
  if (socket.readyState !== socket.OPEN) return;
  const leave = clock.after(LEAVE_PATIENCE_MS, () => socket.close(ATTACH_CLOSE.done));
  socket.on('close', () => leave.cancel());
}
