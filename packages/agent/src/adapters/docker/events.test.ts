import { describe, expect, it } from 'vitest';
import { parseEvent } from './events.js';
import { toDockerLabels } from './labels.js';

const labels = { agentId: 'a', stateId: 's', namespace: 'n', kernelId: 'k', sessionId: 's', incarnation: 1 };
const line = (Action: string, more: object = {}) =>
  JSON.stringify({
    Type: 'container',
    Action,
    Actor: { ID: 'abc', Attributes: { ...toDockerLabels(labels), image: 'x', ...more } },
  });

describe('parseEvent', () => {
  it.each([
    ['create', 'created'],
    ['start', 'started'],
    ['pause', 'paused'],
    ['unpause', 'resumed'],
    ['die', 'died'],
    ['destroy', 'removed'],
  ])('takes %s for %s', (action, type) => {
    expect(parseEvent(line(action))).toEqual({ containerId: 'abc', labels, type });
  });

  it('leaves out other actions and containers that are not ours', () => {
    expect(parseEvent(line('exec_create: sh'))).toBeUndefined();
    expect(parseEvent(line('die', { 'ai.berth.kernel': undefined }))).toBeUndefined();
    expect(parseEvent('{}')).toBeUndefined();
  });
});
