/** Starts a user's process: as the user, under a subreaper, with its standard streams connected. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { InnerNamespaces, TerminalSize } from '@berth/wire';
import type { Environment } from './environment.js';
import type { FifoPool, OpenFifo } from './fifos.js';
import { insideOf, programInside } from './inner.js';
import { Input } from './input.js';
import { spawnAsFirstToGo } from './oom.js';
import { Output, type OutputSink } from './output.js';
import { spentByEnded } from './spent.js';

export interface LaunchRequest {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: 'open' | 'none';
  /** Also connects descriptors 3 (from the child) and 4 (to the child). */
  readonly control: boolean;
  /** The command line keeps what it starts together by itself, as {@link underSubreaper} would. */
  readonly supervised?: boolean;
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
}

/** Who the process becomes and what it is started with. */
export interface LaunchGround {
  readonly uid: number;
  readonly gid: number;
  readonly fifos: FifoPool;
  /** Directory of the carry. */
  readonly carry: string;
  /** Set where the user's programs must be kept apart by namespaces; they have the runner's own user id then. */
  readonly inner: InnerNamespaces | undefined;
}

/** How a process ended: exactly one is set. */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** The end of what was launched. */
export interface Ended {
  readonly status: ExitStatus;
  /** CPU time in milliseconds of it and of what it has waited for; null when that cannot be told from another's. */
  readonly cpuMs: number | null;
}

/** What else can be done with a program in a terminal. */
export interface Terminal {
  resize(size: TerminalSize): void;
  /** SIGINT to the process group in the foreground, as Ctrl-C does, whatever the program has made of that key. */
  interrupt(): void;
  /** Resolves when the process has ended: why the program could not be started, or the empty text. */
  readonly complaint: Promise<string>;
}

export interface Launched {
  /** Of the subreaper, or of the program where there is none. */
  readonly pid: number;
  /** True when everything that the program starts stays below `pid`. */
  readonly subreaper: boolean;
  readonly outputs: readonly Output[];
  readonly input: Input | undefined;
  readonly control: { readonly from: Readable; readonly to: Writable } | undefined;
  readonly terminal?: Terminal;
  /** Never rejects. */
  readonly exit: Promise<Ended>;
}

/** `argv` under the carry's subreaper, if there is one. */
export function underSubreaper(carry: string, argv: readonly string[]): readonly string[] {
  const tini = join(carry, 'bin/tini');
  // -g: an interrupt reaches the program's whole process group, as Ctrl-C at a terminal does.
  return existsSync(tini) ? [tini, '-s', '-g', '--', ...argv] : argv;
}

/** Resolves when the process runs. Rejects with the system's error, such as ENOENT or EAGAIN, when it cannot. */
export async function launch(ground: LaunchGround, request: LaunchRequest): Promise<Launched> {
  const { uid, gid, inner } = ground;
  const supervised = request.supervised ? request.argv : underSubreaper(ground.carry, request.argv);
  const subreaper = request.supervised === true || supervised !== request.argv;
  const [program, ...args] = inner ? insideOf(inner, supervised, request.env, subreaper) : supervised;
  const stdin = request.stdin === 'open' ? ground.fifos.forInput() : undefined;
  const stdout = ground.fifos.forOutput();
  const stderr = ground.fifos.forOutput();
  const stdio: StdioOptions = [
    request.stdin === 'none' ? 'ignore' : (stdin?.theirs ?? 'pipe'),
    stdout?.theirs ?? 'pipe',
    stderr?.theirs ?? 'pipe',
    ...(request.control ? (['pipe', 'pipe'] as const) : []),
  ];
  try {
    // Inside nobody can become another user, nor needs to.
    const as = inner ? { env: {} } : { env: request.env, uid, gid };
    // Detached: a session of its own, so that no signal to a group can go astray.
    const child = spawnAsFirstToGo(() => spawn(program!, args, { stdio, cwd: request.cwd, detached: true, ...as }));
    // What makes namespaces tells the death of its child by a signal as a subreaper does.
    const exit = exitOf(child, subreaper || inner !== undefined);
    await started(child);
    const pid = inner ? await programInside(child.pid!, subreaper, exit) : child.pid;
    return {
      pid: pid ?? child.pid!,
      subreaper,
      outputs: [output(stdout, child.stdout, request.stdout), output(stderr, child.stderr, request.stderr)],
      input: request.stdin === 'open' ? input(stdin, child.stdin!) : undefined,
      control: request.control ? { from: child.stdio[3] as Readable, to: child.stdio[4] as Writable } : undefined,
      exit,
    };
  } catch (error) {
    for (const fifo of [stdin, stdout, stderr]) {
      if (!fifo) continue;
      closeSync(fifo.ours);
      fifo.giveBack();
    }
    throw error;
  } finally {
    for (const fifo of [stdin, stdout, stderr]) if (fifo) closeSync(fifo.theirs);
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

function exitOf(child: ChildProcess, subreaper: boolean): Promise<Ended> {
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => {
      const status = exitStatus(code, signal, subreaper);
      void spentByEnded().then((cpuMs) => resolve({ status, cpuMs }));
    }),
  );
}

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number as number, name]));

/**
 * What ended the program. A subreaper tells the death of its child by a signal as 128 + n; a program that itself exits with
 * such a number is taken for one that a signal ended, as shells do.
 */
export function exitStatus(code: number | null, signal: NodeJS.Signals | null, subreaper: boolean): ExitStatus {
  const told = subreaper && code !== null && code > 128 ? SIGNAL_NAMES.get(code - 128) : undefined;
  if (told !== undefined) return { exitCode: null, signal: told };
  return { exitCode: code, signal };
}

function output(fifo: OpenFifo | undefined, stream: Readable | null, sink: OutputSink): Output {
  if (!fifo) return new Output(stream!, sink);
  const opened = new Output(fifo.ours, sink);
  // Only a FIFO whose end was seen: else somebody may still write, into the output of the next run.
  void opened.reachedEnd.then((seen) => seen && fifo.giveBack());
  return opened;
}

function input(fifo: OpenFifo | undefined, stream: Writable): Input {
  if (!fifo) return new Input(stream);
  const socket = new Socket({ fd: fifo.ours, readable: false, writable: true });
  socket.once('close', fifo.giveBack);
  return new Input(socket);
}
