// Whether a server answers.
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MS = 60_000;

/** Waits until `isReady` answers true. Throws when the daemon ends first, or after 60 s. */
export async function untilReady(name, daemon, isReady, signal) {
  for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end; await delay(50, undefined, { signal })) {
    const failure = daemon.failure();
    if (failure) throw new Error(`${name} ended: ${failure}`);
    if (await isReady()) return;
  }
  throw new Error(`${name} did not answer within ${START_TIMEOUT_MS / 1000} s`);
}

/** True when something listens on a Unix socket. */
export function connects(socketPath) {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** True when a Docker Engine answers on a Unix socket. */
export function pings(socketPath) {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/_ping', timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('timeout', () => call.destroy()).on('error', () => resolve(false));
    call.end();
  });
}
