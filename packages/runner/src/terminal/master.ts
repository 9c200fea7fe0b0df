/** The runner's end of a terminal as a stream. */
import { Socket } from 'node:net';

/** The part of a stream's inner handle that is needed here. Node has no types for it, but has had it in all its versions. */
interface PipeHandle {
  readonly constructor: new (kind: number) => PipeHandle;
  open(fd: number): number;
}

export interface MasterOptions {
  readonly buffer: Uint8Array;
  /** Bytes are in `buffer` until it returns; false holds back until `resume`. */
  readonly onRead: (length: number) => boolean;
}

/**
 * Owns `fd` from now on. Node would open it as a terminal, and make it blocking thereby: then what is typed for a program that does
 * not read stops what is shown, and neither goes on. As a pipe, which `pipe` already is, it waits for both without blocking.
 */
export function openMaster(fd: number, pipe: Socket, { buffer, onRead }: MasterOptions): Socket {
  const { _handle: open } = pipe as unknown as { _handle: PipeHandle };
  const handle = new open.constructor(0);
  const failed = handle.open(fd);
  if (failed) throw new Error(`its descriptor cannot be used: error ${failed}`);
  // Neither option is in the types: `handle` is undocumented, `onread` documented for sockets of all kinds.
  const options = { handle, onread: { buffer, callback: onRead }, manualStart: true };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  // All ends of programs are closed, which ours keeps from happening before the end.
  return socket.on('error', () => {});
}
