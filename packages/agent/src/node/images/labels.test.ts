import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelOf, ourLabels, readLabels } from './labels.js';

describe('labelOf', () => {
  it('takes the newer family first', () => {
    const labels = { 'io.sorna.timeout': '1', 'ai.backend.timeout': '2', 'io.sorna.version': '3' };
    expect([labelOf(labels, 'timeout'), labelOf(labels, 'version'), labelOf(labels, 'features')]).toEqual(['2', '3', undefined]);
  });

  it('finds nothing that an object has by nature', () => {
    expect(labelOf({}, 'constructor')).toBeUndefined();
  });
});

describe('readLabels', () => {
  it('reads those of a kernel image of 2018', () => {
    const meaning = readLabels({
      'ai.backend.version': '1',
      'ai.backend.timeout': '30',
      'ai.backend.envs.corecount': 'OPENBLAS_NUM_THREADS,OMP_NUM_THREADS, NPROC',
      'ai.backend.features': 'batch query  uid-match user-input tty',
    });
    expect(meaning).toEqual({
      version: 1,
      timeoutSeconds: 30,
      corecount: ['OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'NPROC'],
      features: new Set(['batch', 'query', 'uid-match', 'user-input', 'tty']),
      warnings: [],
    });
  });

  it('says so where nothing is said', () => {
    expect(readLabels({})).toEqual({ version: 1, timeoutSeconds: null, corecount: [], features: new Set(), warnings: [] });
  });

  it.each(['-1', '1.5', 'soon', '', '99999999999', '1e3', 'NaN', '0x10'])(
    'takes the timeout %j for not said, with a warning',
    (text) => {
      const { timeoutSeconds, warnings } = readLabels({ 'io.sorna.timeout': text });
      expect(timeoutSeconds).toBeNull();
      expect(warnings).toEqual([expect.stringMatching(/^timeout is ".*": it must be a number from 0 to \d+$/)]);
    },
  );

  it('knows a timeout that is none', () => expect(readLabels({ 'ai.backend.timeout': ' 0 ' }).timeoutSeconds).toBe(0));

  it('leaves out what is no variable', () => {
    const { corecount, warnings } = readLabels({ 'ai.backend.envs.corecount': 'A,B=C,1D,,E' });
    expect(corecount).toEqual(['A', 'E']);
    expect(warnings).toHaveLength(1);
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('version', 'timeout', 'envs.corecount', 'features'), fc.string()), (values) => {
        const labels = Object.fromEntries(Object.entries(values).map(([name, value]) => [`ai.backend.${name}`, value]));
        const { version, timeoutSeconds, corecount } = readLabels(labels);
        expect(version).toBeGreaterThanOrEqual(0);
        expect(timeoutSeconds === null || timeoutSeconds >= 0).toBe(true);
        for (const name of corecount) expect(name).toMatch(/^\w+$/);
      }),
    );
  });
});

describe('ourLabels', () => {
  it('keeps both families and our own, and no flood', () => {
    const labels = {
      'ai.backend.a': '1',
      'io.sorna.b': '2',
      'ai.berth.c': '3',
      maintainer: 'x',
      'ai.backend.d': 'x'.repeat(5000),
    };
    expect(Object.keys(ourLabels(labels))).toEqual(['ai.backend.a', 'io.sorna.b', 'ai.berth.c']);
  });
});
