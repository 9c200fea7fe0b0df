import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { environText } from './environ-text.js';

/** As the runner of 2018 reads it: `splitlines`, then at the first `=`. */
const read = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      // eslint-disable-next-line no-control-regex
      .split(/[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/)
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

describe('environ.txt', () => {
  it('has a line for each variable', () => {
    expect(environText({ A: '1', B: 'x=y z', C: '' })).toEqual({ text: 'A=1\nB=x=y z\nC=\n', leftOut: [] });
  });

  it.each(['a\nX=1', 'a\rX=1', 'a\x85X=1', 'a\u2028X=1', 'a\x1cX=1', 'a\0X=1'])(
    'leaves out %j, which would bring another',
    (value) => {
      expect(environText({ GOOD: 'g', BAD: value })).toEqual({ text: 'GOOD=g\n', leftOut: ['BAD'] });
    },
  );

  it('leaves out names that are none', () => {
    expect(environText({ '': '1', 'A=B': '2', 'C\nD': '3' })).toEqual({ text: '', leftOut: ['', 'A=B', 'C\nD'] });
  });

  it('never says what was not asked for', () => {
    const odd = fc.string({ unit: fc.constantFrom('A', '=', '\n', '\r', '\x85', '\u2029', '\0', ' ', 'é') });
    fc.assert(
      fc.property(fc.dictionary(odd, odd, { noNullPrototype: true }), (env) => {
        const { text, leftOut } = environText(env);
        const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !leftOut.includes(name)));
        expect(read(text)).toEqual(kept);
      }),
    );
  });
});
