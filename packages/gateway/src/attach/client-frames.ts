/** What clients send: whole frames in binary messages, by the rules, or they are sent away. */
import { ATTACH_CLOSE, readFrames, type Frame } from '@berth/wire';
import type { WebSocket } from 'ws';

/** Hands each frame to `take`. A message that is none, or for which `take` throws, ends the connection with the reason. */
export function onClientFrames(socket: WebSocket, take: (frame: Frame) => void): void {
  socket.on('message', (data: Buffer, isBinary) => {
    // What follows a broken rule is not looked at.
    if (socket.readyState !== socket.OPEN) return;
    try {
      if (!isBinary) throw new RangeError('a text message');
      for (const frame of readFrames(data)) take(frame);
    } catch (error) {
      socket.close(ATTACH_CLOSE.refused, (error as Error).message.slice(0, 120));
    }
  });
}
