import { describe, expect, it } from 'vitest';
import { EventQueue, type QueuedEvent } from './event-queue.js';

const kernel = (name: string): QueuedEvent => ({ name, frames: [], keep: true });
const heartbeat = (): QueuedEvent => ({ name: 'instance_heartbeat', frames: [], keep: false });

function drained(queue: EventQueue): QueuedEvent[] {
  const events: QueuedEvent[] = [];
  for (let event = queue.peek(); event; event = queue.peek()) {
    events.push(event);
    queue.remove(event);
  }
  return events;
}

describe('event queue', () => {
  it('gives events in their order', () => {
    const queue = new EventQueue(10);
    const events = [kernel('a'), kernel('b'), heartbeat(), kernel('a')];
    for (const event of events) queue.push(event);
    expect(drained(queue)).toEqual(events);
  });

  it('holds only the latest heartbeat', () => {
    const queue = new EventQueue(10);
    const [old, latest] = [heartbeat(), heartbeat()];
    for (const event of [old, kernel('a'), latest]) queue.push(event);
    expect(drained(queue).indexOf(latest)).toBe(1);
  });

  it('lets heartbeats go before any kernel event when it is full', () => {
    const queue = new EventQueue(2);
    for (const event of [kernel('a'), heartbeat(), kernel('b')]) queue.push(event);
    expect(drained(queue).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(queue.lost).toBe(0);
  });

  it('counts the kernel events that it could not keep', () => {
    const queue = new EventQueue(2);
    for (const name of ['a', 'b', 'c']) queue.push(kernel(name));
    expect(drained(queue).map(({ name }) => name)).toEqual(['b', 'c']);
    expect(queue.lost).toBe(1);
  });

  it('puts kernel events back in front, and no stale heartbeat', () => {
    const queue = new EventQueue(10);
    queue.push(kernel('c'));
    queue.restore([kernel('a'), heartbeat(), kernel('b')]);
    expect(drained(queue).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });
});
