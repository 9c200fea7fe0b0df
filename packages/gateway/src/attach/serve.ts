/** One attached client: records to it, its acknowledgements and input from it. */
import type { Clock } from '@berth/base';
import {
  ATTACH_CLOSE,
  encodeFrames,
  FRAME,
  readFrames,
  toBerthError,
  type Frame,
  type KernelId,
  type KernelService,
  type RunStream,
} from '@berth/wire';
import type { WebSocket } from 'ws';
import { keepAlive } from './heartbeat.js';
import { Input } from './input.js';
import { Output } from './output.js';
import type { AttachTarget } from './target.js';

/** How long a client may take to leave after its `end`, before it is asked to. */
const LEAVE_PATIENCE_MS = 60_000;

/** Serves the client until either side goes; resolves once the run has no more to say. Never rejects. */
export async function serveAttach(socket: WebSocket, service: KernelService, clock: Clock, target: AttachTarget): Promise<void> {
  const output = new Output(socket);
  const input = new Input(service, target, (offset) => socket.send(encodeFrames(FRAME.ack, 0, offset), () => {}));
  let stream: RunStream | undefined;
  socket.on('close', () => {
    stream?.close();
    input.stop();
  });
  socket.on('message', (data: Buffer, isBinary) => {
    try {
      if (!isBinary) throw new RangeError('a text message');
      for (const frame of readFrames(data)) take(frame);
    } catch (error) {
      socket.close(ATTACH_CLOSE.refused, (error as Error).message.slice(0, 120));
    }
  });
  function take({ type, seq, payload }: Frame): void {
    if (type === FRAME.input) input.push(seq, payload, false);
    else if (type === FRAME.inputEnd) input.push(seq, payload.subarray(0, 0), true);
    else if (type === FRAME.ack) {
      if (seq > output.sent) throw new RangeError(`record ${seq} was confirmed before it was sent`);
      stream?.ack(seq);
    }
  }

  try {
    const { leaseSeconds } = service.renewLease(target.session).spec;
    keepAlive(socket, leaseSeconds, clock, () => renewQuietly(service, target.session));
    stream = await service.attachRun(target.session, target.run, { from: target.from });
  } catch (error) {
    await output.fail(toBerthError(error));
  }
  if (stream && socket.readyState !== socket.OPEN) stream.close();
  else if (stream) await output.pump(stream);
  if (socket.readyState !== socket.OPEN) return;
  const leave = clock.after(LEAVE_PATIENCE_MS, () => socket.close(ATTACH_CLOSE.done));
  socket.on('close', () => leave.cancel());
}

/** A session that ended meanwhile is told by its stream. */
function renewQuietly(service: KernelService, session: KernelId): void {
  try {
    service.renewLease(session);
  } catch {
    // See above.
  }
}
