import { describe, expect, it } from 'vitest';
import { labelsOf, parseEnv } from './images.js';

describe('parseEnv', () => {
  it('splits at the first sign only, and drops lines without name or value', () => {
    expect(parseEnv(['A=b=c', 'EMPTY=', 'BARE', '=nameless', ''])).toEqual({ A: 'b=c', EMPTY: '' });
  });
});

describe('labelsOf', () => {
  const old = { Labels: { a: 'old' } };
  it.each([
    ['those that containers inherit', { Config: { Labels: { a: '1' } }, ContainerConfig: old }, { a: '1' }],
    ['those of the old place where there are none', { Config: { Labels: {} }, ContainerConfig: old }, { a: 'old' }],
    ['also when they are null', { Config: { Labels: null }, ContainerConfig: old }, { a: 'old' }],
    ['none when all is null', { Config: { Labels: null }, ContainerConfig: { Labels: null } }, {}],
    ['none when the old place is gone', { Config: null }, {}],
    ['none when the old place is null', { Config: {}, ContainerConfig: null }, {}],
  ])('are %s', (_what, image, labels) => {
    expect(labelsOf(image)).toEqual(labels);
  });
});
