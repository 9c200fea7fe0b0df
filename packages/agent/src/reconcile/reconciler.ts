/**
 * Brings what the driver says to the kernels. The relist is the truth and alone converges; events only make it sooner. When
 * a listing fails nothing is concluded from it.
 */
import { backoffDelay, sleep } from '@berth/base';
import type { Clock } from '@berth/base';
import { toBerthError, type KernelId } from '@berth/wire';
import type { KernelActor } from '../kernel/kernel-actor.js';
import type { Driver, Observation } from '../ports/driver.js';
import type { Logger } from '../ports/logger.js';
import type { DriverHealth } from './driver-health.js';
import { judgeOrphans } from './orphans.js';

export interface ReconcilerOptions {
  readonly driver: Driver;
  readonly owner: { readonly agentId: string; readonly stateId: string };
  readonly kernels: { find(id: KernelId): KernelActor | undefined; actors(): readonly KernelActor[] };
  /** Kernels whose journal could not be read: their containers are left alone. */
  readonly setAside: ReadonlySet<string>;
  readonly health: DriverHealth;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RELIST_MS = 10_000;
const RETRY = { minMs: 200, maxMs: 5000 };
const TICK_MS = 1000;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  #firstSeen: ReadonlyMap<string, number> = new Map();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Relists until `signal` aborts. */
  async keepRelisting(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      failures = (await this.relist(signal)) ? 0 : failures + 1;
      await sleep(failures === 0 ? RELIST_MS : backoffDelay(failures, RETRY), signal, this.#options.clock).catch(() => {});
    }
  }

  /** One complete comparison. False when the driver could not be asked; then nothing was concluded. */
  async relist(signal?: AbortSignal): Promise<boolean> {
    const { driver, owner, kernels, health, logger } = this.#options;
    // Taken before the listing: a container made meanwhile must not count as missing.
    const before = kernels.actors().filter((actor) => actor.state.containerId !== null);
    let listed: readonly Observation[];
    try {
      listed = await driver.list(owner, signal);
    } catch (error) {
      if (health.bad(error) && !signal?.aborted) {
        const { code, message } = toBerthError(error);
        logger.warn({ driver: driver.name, code, reason: message }, 'the driver cannot be used; trying again');
      }
      await Promise.all(before.map((actor) => this.#sight(actor, 'unreachable')));
      return false;
    }
    if (health.good()) {
      logger.info({ driver: driver.name }, 'the driver is back');
      // What could not be undone without it need not wait any longer.
      await Promise.all(kernels.actors().map((actor) => actor.post({ type: 'driver-back' })));
    }
    const byKernel = new Map(listed.map((o) => [`${o.labels.kernelId} ${o.labels.incarnation}`, o]));
    await Promise.all(
      before.map((actor) => {
        const { kernelId, incarnation } = actor.state.facts;
        const seen = byKernel.get(`${kernelId} ${incarnation}`);
        // The end of a kernel is never concluded from a list alone: the actor looks for itself.
        if (!seen || seen.state === 'exited' || seen.state === 'removing') return actor.look();
        return this.#sight(actor, seen.state);
      }),
    );
    await this.#orphans(listed, signal);
    return true;
  }

  /** Follows the driver's events until `signal` aborts; each is only a reason to look. */
  async followEvents(signal: AbortSignal): Promise<void> {
    const { driver, owner, kernels, clock, logger } = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        for await (const event of driver.events(owner, signal)) {
          attempt = 0;
          if (event.type === 'created') continue;
          const actor = kernels.find(event.labels.kernelId as KernelId);
          if (actor?.state.facts.incarnation === event.labels.incarnation) await actor.look();
        }
      } catch (error) {
        if (!signal.aborted) logger.debug({ err: error }, 'the event stream of the driver ended');
      }
      await sleep(backoffDelay(attempt, RETRY), signal, clock).catch(() => {});
      // What happened while nobody listened is found by looking.
      if (!signal.aborted) await this.relist(signal);
    }
  }

  /** Gives every kernel the time, once a second. */
  async keepTicking(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#options.kernels.actors().map((actor) => actor.post({ type: 'tick' })));
      await sleep(TICK_MS, signal, this.#options.clock).catch(() => {});
    }
  }

  #sight(actor: KernelActor, sighting: 'created' | 'running' | 'paused' | 'unreachable'): Promise<void> {
    return actor.post({ type: 'sighting', incarnation: actor.state.facts.incarnation, sighting });
  }

  async #orphans(listed: readonly Observation[], signal?: AbortSignal): Promise<void> {
    const { driver, kernels, setAside, clock, logger } = this.#options;
    const known = ({ labels }: Observation): boolean => {
      if (setAside.has(labels.kernelId)) return true;
      const state = kernels.find(labels.kernelId as KernelId)?.state;
      // While a kernel is made or unmade, its hooks answer for the container of the incarnation before too.
      return state !== undefined && (state.facts.incarnation === labels.incarnation || state.settingUp || state.releasing);
    };
    const verdict = judgeOrphans(listed, known, this.#firstSeen, clock.monotonic());
    this.#firstSeen = verdict.firstSeen;
    for (const { containerId, name } of verdict.report)
      logger.warn({ containerId, name }, 'a container of ours belongs to no kernel');
    for (const { containerId, name } of verdict.remove) {
      logger.warn({ containerId, name }, 'an orphan container is removed');
      await driver
        .remove(containerId, signal)
        .catch((error: unknown) => logger.warn({ name, err: error }, 'it could not be removed'));
    }
  }
}
