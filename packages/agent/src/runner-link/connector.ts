/** Opens links to runners: socket, hello, welcome. Protocol: docs/runner-protocol.md. */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { FrameDecoder, inDirectory, withDeadline } from '@berth/base';
import {
  BerthError,
  decodeJsonPayload,
  encodeJsonFrame,
  FRAME,
  FRAME_HEADER_BYTES,
  MAX_FRAME_LENGTH,
  parseFrame,
  RUNNER_PROTOCOL,
  type Hello,
  type Welcome,
} from '@berth/wire';
import type { ChannelTarget, RunnerConnector } from '../ports/channel.js';
import { SocketChannel } from './channel.js';

const HANDSHAKE_MS = 5000;

export const runnerConnector: RunnerConnector = {
  connect: (target, signal) =>
    withDeadline('the runner', HANDSHAKE_MS, (deadline) => openChannel(target, deadline), signal).catch(lost),
};

function lost(error: unknown): never {
  if (error instanceof BerthError) throw error;
  throw new BerthError('runner-lost', `the runner cannot be reached: ${(error as Error).message}`, { cause: error });
}

async function openChannel(target: ChannelTarget, signal: AbortSignal): Promise<SocketChannel> {
  const socket = await openSocket(target.runDirectory, signal);
  try {
    const decoder = new FrameDecoder({ min: FRAME_HEADER_BYTES - 4, max: MAX_FRAME_LENGTH });
    const hello = await firstHello(socket, decoder, signal);
    const version = agree(hello, target);
    const welcome: Welcome = {
      version,
      agent: target.agentId,
      epoch: target.epoch,
      token: target.token,
      spec: target.spec,
    };
    socket.write(encodeJsonFrame(FRAME.welcome, 0, welcome));
    const channel = new SocketChannel(socket, decoder, hello);
    // A runner that refuses the welcome closes; one that takes it answers.
    await channel.call('runs', {}, { signal });
    return channel;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Through the directory's descriptor: a path above 107 bytes would be cut silently. */
async function openSocket(directory: string, signal: AbortSignal): Promise<Socket> {
  const handle = await open(directory, 'r');
  try {
    signal.throwIfAborted();
    const socket = connect(inDirectory(handle, 'runner.sock'));
    // Errors are told by the end of the connection too; without a listener one between two awaits would end the agent.
    socket.on('error', () => {});
    signal.addEventListener('abort', () => socket.destroy(signal.reason as Error), { once: true });
    await once(socket, 'connect');
    return socket;
  } finally {
    await handle.close();
  }
}

function firstHello(socket: Socket, decoder: FrameDecoder, signal: AbortSignal): Promise<Hello> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      socket.off('data', onData).off('close', onClose);
      socket.pause();
      finish();
    };
    const onClose = () => settle(() => reject((signal.reason as Error | undefined) ?? new Error('it closed the connection')));
    const onData = (chunk: Buffer) => {
      try {
        const [body] = decoder.push(chunk);
        if (!body) return;
        const frame = parseFrame(body);
        if (frame.type !== FRAME.hello) throw new Error('it did not begin with hello');
        const hello = decodeJsonPayload(frame.payload) as Hello;
        settle(() => resolve(hello));
      } catch (error) {
        settle(() => reject(error as Error));
      }
    };
    if (socket.destroyed) return onClose();
    socket.on('data', onData).on('close', onClose);
  });
}

function agree(hello: Hello, target: ChannelTarget): number {
  if (!Number.isSafeInteger(hello.min) || !Number.isSafeInteger(hello.max)) throw new Error('its hello names no versions');
  if (hello.kernel !== target.kernelId || hello.incarnation !== target.incarnation) {
    throw new BerthError(
      'runner-lost',
      `the runner is of ${hello.kernel}/${hello.incarnation}, not of ${target.kernelId}/${target.incarnation}`,
    );
  }
  const version = Math.min(hello.max, RUNNER_PROTOCOL.max);
  if (version < hello.min || version < RUNNER_PROTOCOL.min) {
    throw new BerthError(
      'runner-incompatible',
      `the runner speaks protocol ${hello.min} to ${hello.max}, this agent ${RUNNER_PROTOCOL.min} to ${RUNNER_PROTOCOL.max}`,
    );
  }
  return version;
}
