/** The session of one language: its REPL, started when first needed, and the order in which code reaches it. */
import { KeyedMailbox } from '@berth/base';
import { BerthError, type Language } from '@berth/wire';
import { userEnvironment } from '../processes/environment.js';
import { findInterpreter } from '../processes/find.js';
import { killAll } from '../processes/kill.js';
import type { ProcessEntry } from '../processes/table.js';
import { Repl, type ReplListener } from '../repl/repl.js';
import type { ReplMessage } from '../repl/messages.js';
import type { Ground } from './ground.js';
import type { QueryTask } from './query.js';
import { Stray } from './stray.js';

/** A completion that takes longer helps nobody. */
const COMPLETE_MS = 5000;

export class LanguageSession {
  readonly #ground: Ground;
  readonly #language: Language;
  readonly #interpreter: readonly string[];
  readonly #mailbox = new KeyedMailbox();
  readonly #stray = new Stray();
  #repl: Repl | undefined;
  #nextId = 1;

  /** Throws `language-missing`. */
  constructor(ground: Ground, language: Language) {
    const { PATH: path } = userEnvironment(ground.spec.env, ground.places.work);
    const interpreter = findInterpreter(language, ground.places, path!, { repl: true });
    if (!interpreter) throw new BerthError('language-missing', `this image has no interpreter for ${language}`);
    this.#ground = ground;
    this.#language = language;
    this.#interpreter = interpreter;
  }

  /** Runs after all earlier tasks of this language. */
  post(task: QueryTask): void {
    void this.#mailbox.post('', async () => {
      await task.execute((listener) => this.#open(listener));
      this.#idle();
    });
  }

  /** Its processes. */
  members(): readonly ProcessEntry[] {
    return this.#repl?.members() ?? [];
  }

  /** Names that could complete `code` at `cursor`, in UTF-16 units. None while code runs: the REPL cannot be asked then. */
  async complete(code: string, cursor: number): Promise<readonly string[]> {
    if (this.#mailbox.size > 0) return [];
    return this.#mailbox.post('', async () => {
      const id = `complete-${this.#nextId++}`;
      const matches = await new Promise<readonly string[]>((resolve, reject) => {
        const timer = this.#ground.clock.after(COMPLETE_MS, () => resolve([]));
        const done = (found: readonly string[]) => {
          timer.cancel();
          resolve(found);
        };
        const message = (said: ReplMessage | undefined) => {
          if (said?.op === 'matches' && said.id === id) done(said.matches);
        };
        this.#open({ ...this.#stray.sinks, message }).then((repl) => {
          void repl.exit.then(() => done([]));
          repl.send({ op: 'complete', id, code, cursor: codePoints(code, cursor) });
        }, reject);
      });
      this.#idle();
      return matches;
    });
  }

  /** The REPL, started if there is none; from now on `listener` hears it, and first what was printed meanwhile. */
  async #open(listener: ReplListener): Promise<Repl> {
    if (this.#repl) {
      this.#repl.listener = listener;
      this.#stray.deliver(listener);
      return this.#repl;
    }
    const repl = await Repl.start(this.#ground, this.#language, this.#interpreter, listener);
    this.#repl = repl;
    void repl.exit.then(() => this.#bury(repl));
    for (const source of repl.sources) source.resume();
    return repl;
  }

  /** The REPL has ended: nothing that it started stays, and what it printed is kept. */
  async #bury(repl: Repl): Promise<void> {
    this.#repl = undefined;
    await killAll(this.#ground.orphans, this.#ground.killUser);
    await Promise.all(repl.outputs.map((output) => output.drained()));
    repl.close();
  }

  #idle(): void {
    if (!this.#repl) return;
    this.#repl.listener = { ...this.#stray.sinks, message: () => {} };
    for (const source of this.#repl.sources) source.resume();
  }
}

/** A place in `text` in code points instead of UTF-16 units. */
const codePoints = (text: string, units: number): number => Array.from(text.slice(0, units)).length;
