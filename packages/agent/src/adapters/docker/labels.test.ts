import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromDockerLabels, sameLabels, toDockerLabels } from './labels.js';

const anyLabels = fc.record({
  agentId: fc.string(),
  stateId: fc.string(),
  namespace: fc.string(),
  kernelId: fc.string(),
  sessionId: fc.string(),
  incarnation: fc.nat(),
});

describe('labels', () => {
  it('survive the way to Docker and back', () => {
    fc.assert(
      fc.property(anyLabels, (labels) => {
        expect(fromDockerLabels(toDockerLabels(labels))).toEqual(labels);
      }),
    );
  });

  it('are none when one is missing or the incarnation is no number', () => {
    const whole = toDockerLabels({ agentId: 'a', stateId: 's', namespace: 'n', kernelId: 'k', sessionId: 's', incarnation: 1 });
    for (const name of Object.keys(whole)) expect(fromDockerLabels({ ...whole, [name]: undefined })).toBeUndefined();
    expect(fromDockerLabels({ ...whole, 'ai.berth.incarnation': 'first' })).toBeUndefined();
  });

  it('are the same only when all are', () => {
    fc.assert(
      fc.property(anyLabels, (labels) => {
        expect(sameLabels(labels, { ...labels })).toBe(true);
        expect(sameLabels(labels, { ...labels, incarnation: labels.incarnation + 1 })).toBe(false);
      }),
    );
  });
});
