/**
 * The process that holds a terminal: this bundle again, as the user. It opens the terminal, takes it as its session's, starts the
 * program on it, and carries bytes between it and the runner.
 *
 * Why not the runner itself: the terminal would be root's, which the user could not open again as /dev/stdout, and the runner may
 * not give it away; its descriptor, which the add-on does not close on exec, would get into every program that is started
 * meanwhile; and native code would sit in the one process that has rights. Why the program is not the leader of the session, as
 * with the add-on's own `fork`: when a leader ends, the system throws away what nobody has read from the terminal (up to 8 KiB).
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import type { TerminalSize } from '@berth/wire';
import { Lines } from '../repl/lines.js';
import { loadPtyAddon, type PtyAddon } from './addon.js';
import { typeOn } from './keyboard.js';
import { HOLDER_FDS, type TerminalOrder } from './order.js';
import { Screen } from './screen.js';

/**
 * The runner's end of the terminal takes the place of standard error: so it is overwritten in the program, which gets standard
 * streams of its own, and is the only descriptor that needs that.
 */
const MASTER = 2;
/** For the program, which may share our process group where there is no subreaper. */
const DEAF_TO = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU'] as const;
/** As a shell says it when the terminal is gone. */
const HUNG_UP = 128 + constants.signals.SIGHUP;

/** Resolves with the exit code of the program, 128 + n when signal n ended it; 126 when it could not be started. */
export async function holdTerminal(addonPath: string): Promise<number> {
  for (const signal of DEAF_TO) process.on(signal, () => {});
  const lines = linesOf(new Socket({ fd: HOLDER_FDS.orders, readable: true, writable: false }));
  const first = await lines.next();
  if (first.done) return HUNG_UP;
  const order = JSON.parse(first.value) as TerminalOrder;
  try {
    const addon = loadPtyAddon(addonPath);
    const code = runProgram(order, openTerminal(addon, order));
    return await Promise.race([code, follow(lines, addon).then(() => HUNG_UP)]);
  } catch (error) {
    writeSync(HOLDER_FDS.complaint, `The program could not be started in a terminal: ${(error as Error).message}.`);
    return 126;
  }
}

/** They come from the runner, which has limits of its own. */
async function* linesOf(orders: Socket): AsyncGenerator<string> {
  const lines = new Lines(Infinity);
  for await (const chunk of orders) for (const line of lines.push(chunk as Buffer)) yield line!;
}

/** Opens a terminal, the runner's end as {@link MASTER}; returns the program's end. */
function openTerminal(addon: PtyAddon, { rows, columns }: TerminalSize): number {
  // Sockets of Node ask for it when they are closed; asked for, it would make the terminal blocking.
  Object.defineProperty(process, 'stderr', { value: undefined });
  closeSync(MASTER);
  const { master, slave, pty } = addon.open(columns, rows);
  if (master !== MASTER) throw new Error(`its descriptor is ${master}`);
  // A leader of a session without a terminal that opens one takes it; and this descriptor, unlike the other, closes on exec.
  const terminal = openSync(pty, 'r+');
  closeSync(slave);
  return terminal;
}

async function runProgram({ argv, env }: TerminalOrder, terminal: number): Promise<number> {
  const [program, ...args] = argv;
  const child = spawn(program!, args, { stdio: [terminal, terminal, terminal], env });
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
  const screen = new Screen(MASTER, new Socket({ fd: 1, readable: false, writable: true }));
  const typed = new Socket({ fd: 0, readable: true, writable: false });
  typeOn(screen.terminal, typed);
  const code = await exit;
  typed.destroy();
  await screen.end();
  return code;
}

/** Sets sizes as they come; resolves when the runner is gone. */
async function follow(lines: AsyncIterator<string>, addon: PtyAddon): Promise<void> {
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const { rows, columns } = JSON.parse(line.value) as TerminalSize;
    try {
      addon.resize(MASTER, columns, rows);
    } catch {
      // The program has just ended.
    }
  }
}
