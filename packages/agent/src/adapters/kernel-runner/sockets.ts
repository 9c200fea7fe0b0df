/** The two ways to one kernel: a ZeroMQ socket for commands, and the keeper's files for what comes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/wire';
import { Push } from 'zeromq';
import { Inbox, type Message } from './inbox.js';
import { takeJoined } from './joined.js';
import { Keeper } from './keeper.js';

/** Host addresses of the runner's ports 2000 and 2001. */
export interface RunnerAddress {
  readonly commands: { readonly host: string; readonly port: number };
  readonly outputs: { readonly host: string; readonly port: number };
}

export interface SocketsPlace {
  readonly address: RunnerAddress;
  readonly runDirectory: string;
  readonly secret: string;
  /** See {@link Inbox}. */
  readonly has: (run: number, seq: number, first: number) => boolean;
}

export class RunnerSockets {
  /** Resolves, never rejects, when the connection is gone and all that came was taken, or when closed; with the reason for a person. */
  readonly lost: Promise<string>;
  readonly inbox: Inbox;
  readonly #push = new Push({ linger: 50, reconnectInterval: 20, reconnectMaxInterval: 500, tcpKeepalive: 1 });
  readonly #keeper: Keeper;
  readonly #tellLost: (why: string) => void;
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor({ commands }: RunnerAddress, keeper: Keeper, inbox: Inbox) {
    let tell!: (why: string) => void;
    this.lost = new Promise((resolve) => (tell = resolve));
    this.#tellLost = tell;
    this.#keeper = keeper;
    this.inbox = inbox;
    this.#push.connect(`tcp://${commands.host}:${commands.port}`);
  }

  /** Connects in the background, also before the runner listens. Errors: the signal's reason. */
  static async open({ address, runDirectory, secret, has }: SocketsPlace, signal: AbortSignal): Promise<RunnerSockets> {
    const directory = join(runDirectory, 'kernel-runner', 'inbox');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const keeper = await Keeper.find({ directory, secret, ...address.outputs }, signal);
    try {
      return new RunnerSockets(address, keeper, new Inbox(directory, has));
    } catch (error) {
      keeper.letGo();
      throw error;
    }
  }

  /** Sends in the order of calls. What cannot be sent any more is dropped: the link is lost then. */
  send(type: string, text: string): void {
    this.#sending = this.#sending.then(async () => {
      if (!this.#closed) await this.#push.send([type, Buffer.from(text)]);
    });
    this.#sending.catch(() => this.close('a command could not be sent'));
  }

  /** The next message; rejects with `runner-lost` once closed, and all that came was taken. */
  async receive(): Promise<Message> {
    for (;;) {
      if (this.#closed) throw new BerthError('runner-lost', 'the link to the kernel-runner was closed');
      const message = takeJoined(this.inbox);
      if (message) return message;
      if (this.#keeper.isLost) this.close('the kernel-runner closed the connection');
      else await this.#keeper.news();
    }
  }

  close(why = 'the link was closed'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#push.close();
    this.#keeper.letGo();
    this.inbox.close();
    this.#tellLost(why);
  }
}
