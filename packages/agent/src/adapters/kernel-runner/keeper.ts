/** The agent's end of the keeper (`keeper-main.ts`): finds the one of a kernel, or starts it. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { sleep, systemClock } from '@berth/base';

const LOOK_AGAIN_MS = 15;
/** Looks after which another is started: the first may have found a name still taken. */
const START_EVERY = 100;
/** News that come closer than this wait for each other. */
const FLOOD_MS = 2;

export interface KeeperPlace {
  /** Where it puts what it reads. */
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  /** Nobody else on this machine may take its name before it. */
  readonly secret: string;
}

export class Keeper {
  readonly #socket: Socket;
  #wake: () => void = () => {};
  #news = true;
  #toldAt = -Infinity;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.once('close', () => this.#tell());
    socket.on('data', () => this.#tell());
  }

  /** The keeper is gone, and the connection to the kernel with it; or it was let go. */
  get isLost(): boolean {
    return this.#socket.destroyed;
  }

  /** Errors: the signal's reason. */
  static async find(place: KeeperPlace, signal: AbortSignal): Promise<Keeper> {
    const name = `berth-keeper-${createHash('sha256').update(`${place.directory}\0${place.secret}`).digest('hex').slice(0, 40)}`;
    for (let look = 0; ; look++) {
      signal.throwIfAborted();
      const socket = await connected(`\0${name}`);
      if (socket) return new Keeper(socket);
      if (look % START_EVERY === 0) start(place, name);
      await sleep(LOOK_AGAIN_MS, signal);
    }
  }

  /** Resolves when something may have come since the last call, or when it is lost. What comes in a flood comes together. */
  async news(): Promise<void> {
    if (!this.#news && !this.isLost) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (systemClock.monotonic() - this.#toldAt < FLOOD_MS) await sleep(FLOOD_MS);
    this.#toldAt = systemClock.monotonic();
    this.#news = false;
  }

  #tell(): void {
    this.#news = true;
    this.#wake();
  }

  /** The keeper goes on. */
  letGo(): void {
    this.#socket.destroy();
  }
}

async function connected(name: string): Promise<Socket | undefined> {
  const socket = connect(name);
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}

/** A session of its own, so that signals for the agent's group do not reach it; and nothing of the agent's environment. */
function start({ directory, host, port }: KeeperPlace, name: string): void {
  const child = spawn(process.execPath, [program(), directory, host, String(port), name], {
    cwd: '/',
    detached: true,
    env: {},
    stdio: 'ignore',
  });
  child.on('error', () => {});
  child.unref();
}

/** As it was built, also where the agent runs from its sources. */
function program(): string {
  const url = new URL('./keeper-main.js', import.meta.url);
  return fileURLToPath(import.meta.url.endsWith('.ts') ? url.href.replace('/agent/src/', '/agent/dist/') : url);
}
