/** One linked client: a connection that stays open for many runs of a session, each on a channel that the client chooses. */
import type { Clock } from '@berth/base';
import {
  decodeJsonPayload,
  FRAME,
  LINK_CHANNELS,
  type Frame,
  type KernelId,
  type KernelService,
  type RunRequest,
  type RunStream,
} from '@berth/wire';
import { runRequestSchema } from '@berth/wire/http';
import type { WebSocket } from 'ws';
import { parse } from '../http/validation.js';
import { onClientFrames } from './client-frames.js';
import { keepLease } from './lease.js';
import { Output } from './output.js';
import { RunChannel } from './run-channel.js';

/** Serves the client until either side goes. */
export function serveLink(socket: WebSocket, service: KernelService, clock: Clock, session: KernelId): void {
  const channels = new Map<number, RunChannel>();
  keepLease(socket, service, clock, session);
  socket.on('close', () => {
    for (const channel of channels.values()) channel.close();
  });
  onClientFrames(socket, (frame) => {
    if (frame.type === FRAME.request) return open(frame);
    // What is sent to a channel that was refused crosses the refusal.
    channels.get(frame.channel)?.take(frame);
    if (frame.type === FRAME.end) channels.delete(frame.channel);
  });

  function open({ channel: id, more, payload }: Frame): void {
    if (id === 0) throw new RangeError('channel 0 is not for runs');
    if (channels.has(id)) throw new RangeError(`channel ${id} is in use`);
    if (channels.size >= LINK_CHANNELS) throw new RangeError(`more than ${LINK_CHANNELS} channels`);
    if (more) throw new RangeError('a request in parts');
    const body = jsonOf(payload);
    let request: RunRequest;
    try {
      request = parse(runRequestSchema, body, 'the request');
    } catch (error) {
      return void new Output(socket, id).fail(error);
    }
    const channel = new RunChannel(socket, id, service, { session, run: request.runId });
    channels.set(id, channel);
    void channel.serve(() => startAndAttach(service, session, request));
  }
}

/** Both leave at once; the link to the runner keeps their order. Errors: of both. */
async function startAndAttach(service: KernelService, session: KernelId, request: RunRequest): Promise<RunStream> {
  const starting = service.startRun(session, request);
  const attaching = service.attachRun(session, request.runId, { from: 1 });
  // Which fails first is not said; the run may also be there although it was not started: the same id with another request.
  attaching.catch(() => {});
  try {
    await starting;
  } catch (error) {
    attaching.then((stream) => stream.close()).catch(() => {});
    throw error;
  }
  return attaching;
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return decodeJsonPayload(payload);
  } catch {
    throw new RangeError('a request that is not JSON');
  }
}
