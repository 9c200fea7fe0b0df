// A command in the foreground: signals that reach us reach it, and we outlive it, so that nothing runs on unseen.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** How long a command may take to end after a signal before it is killed, in milliseconds. */
const GRACE_MS = 20_000;

/** Aborted, with the name of the signal as reason, when this process is asked to end. */
export function stopSignal() {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort(signal));
  return stop.signal;
}

/** Exit code of a process that a signal ended, as shells count it. */
export const signalExit = (signal) => 128 + constants.signals[signal];

/** Runs a command; resolves with its exit code, and with 127 after a message when it cannot be started. */
export function runCommand([program, ...args], { stop, ...options }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options });
    const onStop = () => {
      // A terminal sends Ctrl-C to the whole foreground group, so the command has had it.
      if (!(stop.reason === 'SIGINT' && process.stdin.isTTY)) child.kill(stop.reason);
      setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
    };
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    child.on('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      resolve(127);
    });
    child.on('close', (code, signal) => {
      stop.removeEventListener('abort', onStop);
      resolve(code ?? signalExit(signal));
    });
  });
}
