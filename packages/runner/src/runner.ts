/** The supervisor of one kernel: joins socket, claim, lease and runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '@berth/base';
import { FRAME, RUNNER_PROTOCOL, type ExitNote, type Hello, type InnerNamespaces, type RunnerSpec } from '@berth/wire';
import { Lease } from './lease.js';
import type { Places } from './places.js';
import { makeGround } from './runs/ground.js';
import { Registry } from './runs/registry.js';
import { Claim } from './server/claim.js';
import { Connection, type ConnectionOwner } from './server/connection.js';
import { listen } from './server/listen.js';
import { answer, type MethodGround } from './server/methods.js';
import { parseWelcome } from './server/params.js';

/** Time for a welcome after connecting, and how many may be waiting for theirs. */
const WELCOME_MS = 5000;
const MOST_STRANGERS = 4;
/** Time for programs to end by themselves when the kernel ends. */
const GRACE_MS = 2000;

export interface RunnerOptions {
  readonly kernel: string;
  readonly incarnation: number;
  readonly build: string;
  readonly places: Places;
  readonly clock: Clock;
  /** Pid of the init that takes in orphans; undefined when it is not this kernel's own. */
  readonly init: number | undefined;
  /** See GroundOptions. */
  readonly inner: InnerNamespaces | undefined;
  /** Called when all programs have ended and the note is written. */
  readonly onEnd: () => void;
}

export class Runner implements ConnectionOwner {
  readonly #options: RunnerOptions;
  /** Another one each time that it is read (random(4)). */
  readonly #boot = readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trim();
  readonly #claim = new Claim();
  readonly #lease: Lease;
  readonly #strangers = new Set<Connection>();
  /** The one agent that is listened to. */
  #agent: Connection | undefined;
  /** Exists from the first welcome on. */
  #methods: MethodGround | undefined;
  #server: Server | undefined;
  #ending = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#lease = new Lease(options.clock, (reason) => void this.end(reason, GRACE_MS));
  }

  async start(): Promise<void> {
    this.#server = await listen(this.#options.places.run, (socket) => this.#accept(socket));
  }

  /** Ends all programs, writes why, and is over. Only the first call counts. */
  async end(reason: ExitNote['reason'], graceMs: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#lease.stop();
    const note: ExitNote = { reason, at: this.#options.clock.now() };
    try {
      writeFileSync(join(this.#options.places.run, 'exit.json'), JSON.stringify(note), { mode: 0o644 });
    } catch {
      // A full disk must not keep the kernel alive; the agent sees an end without a note.
    }
    await this.#methods?.registry.end(graceMs);
    this.#server?.close();
    this.#agent?.end();
    this.#options.onEnd();
  }

  welcome(connection: Connection, body: unknown): boolean {
    const welcome = parseWelcome(body);
    const verdict = this.#claim.judge(welcome);
    if (verdict === 'refused') return false;
    if (verdict === 'first') this.#begin(welcome.spec);
    this.#strangers.delete(connection);
    const older = this.#agent;
    this.#agent = connection;
    older?.close();
    this.#lease.connected(true);
    this.#methods?.registry.reconsider();
    return true;
  }

  request(connection: Connection, method: unknown, params: unknown): Promise<unknown> {
    return answer(this.#methods!, connection, method, params);
  }

  closed(connection: Connection): void {
    this.#strangers.delete(connection);
    if (this.#agent !== connection) return;
    this.#agent = undefined;
    this.#lease.connected(false);
    this.#methods?.registry.reconsider();
  }

  #accept(socket: Socket): void {
    if (this.#strangers.size >= MOST_STRANGERS || this.#ending) return void socket.destroy();
    const connection = new Connection(socket, this);
    this.#strangers.add(connection);
    this.#options.clock.after(WELCOME_MS, () => {
      if (!connection.welcomed) connection.close();
    });
    const { kernel, incarnation, build } = this.#options;
    const claimed = this.#claim.claimed;
    const hello: Hello = { ...RUNNER_PROTOCOL, build, kernel, incarnation, boot: this.#boot, claimed };
    connection.send(FRAME.hello, 0, hello);
  }

  #begin(spec: RunnerSpec): void {
    const { places, clock, init, inner } = this.#options;
    const ground = makeGround({ places, spec, clock, init, inner, agentConnected: () => this.#agent !== undefined });
    const registry = new Registry(ground, () => this.#agent?.pump());
    this.#methods = {
      registry,
      retained: () => ground.memory.used,
      // The reply goes first.
      shutdown: (graceMs) => void clock.after(0, () => void this.end('shutdown', graceMs)),
    };
    this.#lease.begin(spec);
  }
}
