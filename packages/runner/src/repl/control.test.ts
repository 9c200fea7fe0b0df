import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Answers, type Answer } from './answers.js';
import { Lines } from './lines.js';
import { parseReplMessage } from './messages.js';

describe('lines', () => {
  it('come whole, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ' '))),
        fc.array(fc.nat(50)),
        (wanted, cuts) => {
          const bytes = Buffer.from(wanted.map((line) => `${line}\n`).join(''));
          const lines = new Lines(1000);
          const got: (string | undefined)[] = [];
          let at = 0;
          for (const cut of [...cuts, bytes.length]) {
            got.push(...lines.push(bytes.subarray(at, at + cut)));
            at += cut;
          }
          expect(got).toEqual(wanted);
        },
      ),
    );
  });

  it('that are too long are left out, and the next is read', () => {
    const lines = new Lines(4);
    expect(lines.push(Buffer.from('abc'))).toEqual([]);
    expect(lines.push(Buffer.from('def\nok\n'))).toEqual([undefined, 'ok']);
  });
});

describe('a message of a REPL', () => {
  it.each([
    ['{', undefined],
    ['null', undefined],
    ['{"op":"start"}', undefined],
    ['{"op":"media","mime":"a","data":1,"encoding":"utf8"}', undefined],
    ['{"op":"media","mime":"a","data":"b","encoding":"hex"}', undefined],
    ['{"op":"done","id":"r","exitCode":"0"}', undefined],
    ['{"op":"done","id":"r","exitCode":259,"more":1}', { op: 'done', id: 'r', exitCode: 3, interrupted: false }],
    ['{"op":"matches","id":"c","matches":["a",1]}', { op: 'matches', id: 'c', matches: ['a'] }],
  ])('%s', (line, message) => {
    expect(parseReplMessage(line)).toEqual(message);
  });
});

describe('answers', () => {
  function answers() {
    const given: Answer[] = [];
    return { given, answers: new Answers((answer) => given.push(answer)) };
  }

  it('are one line per question, whichever came first', () => {
    const { given, answers: a } = answers();
    a.put(0, Buffer.from('one\ntwo\nthr'), false);
    expect(given).toEqual([]);
    a.ask();
    a.ask();
    a.ask();
    a.put(11, Buffer.from('ee\n'), false);
    expect(given.map((answer) => 'text' in answer && answer.text)).toEqual(['one\n', 'two\n', 'three\n']);
  });

  it('skip what was sent before', () => {
    const { given, answers: a } = answers();
    a.put(0, Buffer.from('ab'), false);
    a.put(1, Buffer.from('bc\n'), false);
    a.ask();
    expect(given).toEqual([{ op: 'input', text: 'abc\n' }]);
    expect(a.taken).toBe(4);
  });

  it('refuse input with a hole before it', () => {
    expect(() => answers().answers.put(1, Buffer.from('b'), false)).toThrow('hole');
  });

  it('end with what is left, then with the end', () => {
    const { given, answers: a } = answers();
    a.ask();
    a.put(0, Buffer.from('x'), true);
    a.ask();
    expect(given).toEqual([{ op: 'input', text: 'x' }, { op: 'eof' }]);
  });
});
