/** Starts a program in a terminal, which a process of its own holds (terminal/holder.ts says why). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TerminalSize } from '@berth/wire';
import { RUNNER_FLAGS } from '../flags.js';
import type { Places } from '../places.js';
import type { TerminalOrder } from '../terminal/order.js';
import { carriedNode } from './find.js';
import { send } from './kill.js';
import { launch, underSubreaper, type Launched, type LaunchGround, type LaunchRequest } from './launch.js';

export type TerminalRequest = Omit<LaunchRequest, 'control' | 'supervised'> & { readonly size: TerminalSize };

const addonOf = ({ carry }: Places): string => join(carry, 'lib/pty.node');

/** Why no run can have a terminal here; undefined when it can. */
export function whyNoTerminal(places: Places): string | undefined {
  if (existsSync(addonOf(places))) return undefined;
  return 'This node has nothing to make a terminal with: its Node needs glibc 2.28 or later for that.';
}

/** As {@link launch}, with all output of the program as standard output. */
export async function launchInTerminal(ground: LaunchGround, places: Places, request: TerminalRequest): Promise<Launched> {
  const { size, env, argv, ...rest } = request;
  const node = carriedNode(places) ?? [process.execPath];
  const holder = [...node, ...RUNNER_FLAGS, join(places.carry, 'runner.mjs'), '--terminal', addonOf(places)];
  // The environment of the program could keep the holder from working.
  const launched = await launch(ground, { ...rest, argv: holder, env: {}, control: true, supervised: true });
  const { from, to } = launched.control!;
  // It is gone; its exit says so.
  to.on('error', () => {});
  const say = (what: TerminalOrder | TerminalSize): void => void to.write(`${JSON.stringify(what)}\n`);
  say({ ...size, argv: underSubreaper(ground.carry, argv), env });
  return {
    ...launched,
    terminal: { resize: say, interrupt: () => interruptForeground(launched.pid), complaint: textOf(from) },
  };
}

/** The process is the user's and may say anything. */
const MOST_COMPLAINT = 4096;

function textOf(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text = (text + part).slice(0, MOST_COMPLAINT)));
  stream.on('error', () => {});
  return new Promise((resolve) => stream.once('close', () => resolve(text)));
}

function interruptForeground(leader: number): void {
  let stat;
  try {
    stat = readFileSync(`/proc/${leader}/stat`, 'latin1');
  } catch {
    return;
  }
  const group = parseForeground(stat);
  if (group !== undefined) send(-group, 'SIGINT');
}

/** The process group in the foreground of a process's terminal, from /proc/PID/stat (proc(5), tpgid); undefined when there is none. Pure. */
export function parseForeground(stat: string): number | undefined {
  const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[5]);
  return Number.isInteger(group) && group > 1 ? group : undefined;
}
