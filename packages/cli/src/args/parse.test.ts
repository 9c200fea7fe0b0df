import { describe, expect, it } from 'vitest';
import { commandNamed } from '../command-named.js';
import { COMMANDS } from '../commands/index.js';
import { parse } from './parse.js';

const parsed = (line: string) => {
  const [name, ...args] = line.split(' ');
  const { values, words, rest } = parse(commandNamed(name!, COMMANDS), args);
  const given = Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== false && String(value) !== ''),
  );
  return { values: given, words, rest };
};

describe('parse', () => {
  it.each([
    ['run python -c code', {}, [], ['python', '-c', 'code']],
    ['run --cpu 2 --mem=1g python s.py --cpu 3', { cpu: '2', mem: '1g' }, [], ['python', 's.py', '--cpu', '3']],
    ['run --env A=1 --env B=2 --keep x -o json', { env: ['A=1', 'B=2'], keep: true }, [], ['x', '-o', 'json']],
    ['run -o json x', { output: 'json' }, [], ['x']],
    ['run -- -strange name', {}, [], ['-strange', 'name']],
    ['run --keep', { keep: true }, [], undefined],
    ['exec work -c x', { code: 'x' }, ['work'], undefined],
    ['exec --lang node work -', { lang: 'node' }, ['work'], ['-']],
    ['exec work -- ls -c x', {}, ['work'], ['ls', '-c', 'x']],
    ['ps -a', { all: true }, [], undefined],
    ['up -d --listen 0.0.0.0:1', { detach: true, listen: '0.0.0.0:1' }, [], undefined],
    ['rm a b c', {}, ['a', 'b', 'c'], undefined],
    ['rm --help', { help: true }, [], undefined],
  ])('%s', (line, values, words, rest) => {
    expect(parsed(line)).toEqual({ values, words, rest });
  });

  it.each([
    ['run --cpus 1 x', /no option --cpus\. Did you mean --cpu\?/],
    ['run --kepe x', /no option --kepe\. Did you mean --keep\?/],
    ['ps --zzz', /no option --zzz\.$/],
    ['run --cpu', /--cpu/],
    ['ps -a=1', /-a/],
    ['status -o xml', /--output is "xml": it must be text or json/],
    ['ps extra', /takes no words, but there are 1/],
    ['logs a b c', /takes at most 2, but there are 3/],
    ['exec', /needs a SESSION/],
    ['rm', /needs the SESSION/],
    ['rum x', /no command "rum"\. Did you mean run\?/],
  ])('refuses %s', (line, message) => {
    expect(() => parsed(line)).toThrow(
      expect.objectContaining({ code: 'bad-usage', message: expect.stringMatching(message) as string }) as Error,
    );
  });
});
