/** The probes of one driver, one after another. */
import { withDeadline } from '@berth/base';
import type { Bench } from './bench.js';
import { failed } from './failed.js';
import { yellow, type CheckEntry, type Examination, type Finding } from './finding.js';
import type { Probe } from './probes/index.js';

/** Start and end of a session on a slow machine are in it. */
const PROBE_MS = 60_000;

export const entryOf = (driver: string, { id, title }: Probe): CheckEntry => ({
  id: `${driver}.${id}`,
  group: 'limits',
  title,
});

/** The probes of one driver: they share a node, and each has a session of its own. */
export class Ward {
  readonly #driver: string;
  readonly #missing: readonly string[];
  readonly #open: () => Promise<Bench>;
  readonly #signal: AbortSignal | undefined;
  #bench: Promise<Bench> | undefined;
  #worked = false;
  #broken = false;

  /** @param missing what the driver says that it cannot limit here */
  constructor(driver: string, missing: readonly string[], open: () => Promise<Bench>, signal: AbortSignal | undefined) {
    this.#driver = driver;
    this.#missing = missing;
    this.#open = open;
    this.#signal = signal;
  }

  examination(probe: Probe): Examination {
    const entry = entryOf(this.#driver, probe);
    return { ...entry, examine: () => this.#examine(entry, probe) };
  }

  async close(): Promise<void> {
    // A bench that could not be opened has left nothing.
    const bench = await this.#bench?.catch(() => undefined);
    await bench?.close();
  }

  #excused({ missing }: Probe, finding: Finding): Finding {
    const said = finding.state === 'green' ? undefined : this.#missing.find((sentence) => missing?.test(sentence));
    return said === undefined ? finding : yellow(`${finding.detail}. ${said}`, `See ${this.#driver}.limits.`);
  }

  async #examine(entry: CheckEntry, probe: Probe): Promise<Finding> {
    if (this.#broken) return yellow('not known, as no session could be started', 'Do first what the first of these probes says.');
    try {
      const finding = await withDeadline(
        entry.title,
        PROBE_MS,
        async (signal) => probe.run(await (this.#bench ??= this.#open()), signal),
        this.#signal,
      );
      this.#worked = true;
      return this.#excused(probe, finding);
    } catch (error) {
      // Otherwise each of them would wait for the same, and tell the same.
      this.#broken = !this.#worked;
      return failed(this.#signal)(error);
    }
  }
}
