import { expect, it } from 'vitest';
import type { KeyState } from '../../ports/coordinator.js';
import { followManager, NO_FACTS, parseAddress, type ManagerFacts } from './manager-view.js';

async function seen(states: readonly KeyState[]): Promise<ManagerFacts[]> {
  const facts: ManagerFacts[] = [];
  const follow = async function* () {
    yield* states;
  };
  await followManager({ follow }, (f) => facts.push(f), new AbortController().signal);
  return facts;
}

it('what etcd tells of the manager is told with each change, and only then', async () => {
  const facts = await seen([
    { key: 'nodes/manager', value: null },
    { key: 'nodes/manager', value: 'm' },
    { key: 'nodes/manager', value: 'm' },
    { key: 'nodes/manager/event_addr', value: 'h:5002' },
    { key: 'nodes/manager', value: null },
    { key: 'something/else', value: 'x' },
  ]);
  expect(facts).toEqual([
    { ...NO_FACTS, manager: 'm' },
    { ...NO_FACTS, manager: 'm', eventAddress: 'h:5002' },
    { ...NO_FACTS, eventAddress: 'h:5002' },
  ]);
});

it.each([
  ['127.0.0.1:5002', { host: '127.0.0.1', port: 5002 }],
  ['tcp://h:1', { host: 'h', port: 1 }],
  ['[::1]:5002', { host: '::1', port: 5002 }],
  ['h', undefined],
  [':1', undefined],
  ['h:0', undefined],
  ['h:x', undefined],
  ['h:70000', undefined],
])('the address %s is read', (text, address) => expect(parseAddress(text)).toEqual(address));
