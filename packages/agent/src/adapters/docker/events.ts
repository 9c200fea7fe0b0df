/** The engine's event stream, for one owner. */
import type { Readable } from 'node:stream';
import { systemClock } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { DriverEvent } from '../../ports/driver.js';
import type { Engine } from './engine.js';
import { dockerError } from './errors.js';
import { fromDockerLabels, ownerFilter, type Owner } from './labels.js';
import { linesOf } from './lines.js';

const TYPES: Readonly<Record<string, DriverEvent['type']>> = {
  create: 'created',
  start: 'started',
  pause: 'paused',
  unpause: 'resumed',
  die: 'died',
  destroy: 'removed',
};

/** One event of the stream, or undefined when it is none that counts. Throws on what is no JSON. Pure. */
export function parseEvent(line: string): DriverEvent | undefined {
  const { Action, Actor } = JSON.parse(line) as { Action?: string; Actor?: { ID: string; Attributes?: Record<string, string> } };
  const type = TYPES[Action ?? ''];
  const labels = fromDockerLabels(Actor?.Attributes ?? {});
  return type && labels && Actor ? { containerId: Actor.ID, labels, type } : undefined;
}

/** Events from now on. Rejects when the stream ends or breaks, and with the signal's reason when it aborts. */
export async function* followEvents(engine: Engine, owner: Owner, signal: AbortSignal): AsyncGenerator<DriverEvent> {
  signal.throwIfAborted();
  const filters = { type: ['container'], event: Object.keys(TYPES), label: ownerFilter(owner) };
  // Docker answers before it listens; what happens in between is told because of `since`.
  const since = (systemClock.now() / 1000).toFixed(3);
  const stream = await engine.call(
    'listening to events',
    async (docker) => (await docker.getEvents({ filters, since } as object)) as Readable,
    { signal },
  );
  const stop = () => stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of linesOf(stream, 'the event stream')) {
      const event = parseEvent(line);
      if (event) yield event;
    }
    throw new BerthError('driver-unavailable', 'Docker ended its event stream');
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw dockerError(error, 'listening to events');
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}
