import type { Finished, RunRecord } from '@berth/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chunk, CHUNK_LIMITS, cursorFrom, finishedEnd, type ChunkEnd, type ChunkLimits, type ConsoleItem } from './chunk.js';
import { shapeResult } from './shape.js';

type NewRecord = RunRecord extends infer R ? (R extends unknown ? Omit<R, 'seq'> : never) : never;

const ENDED: Finished = { exitCode: 0, signal: null, reason: 'exited', detail: '', stateLost: false, wallMs: 1 };
const out = (text: string | Uint8Array): NewRecord => ({ type: 'stdout', data: Buffer.from(text as string) });
const err = (text: string): NewRecord => ({ type: 'stderr', data: Buffer.from(text) });
const finished = (how: Partial<Finished> = {}): NewRecord => ({ type: 'finished', ...ENDED, ...how });

const numbered = (records: readonly NewRecord[]): RunRecord[] =>
  records.map((record, index) => ({ seq: index + 1, ...record }) as RunRecord);

/** All chunks that records come in. */
function chunksOf(records: readonly RunRecord[], limits: Partial<ChunkLimits> = {}): Chunk[] {
  const chunks: Chunk[] = [];
  let cursor = cursorFrom(1);
  while (cursor.next <= records.length) {
    const chunk = new Chunk(cursor, { ...CHUNK_LIMITS, ...limits });
    for (const record of records.slice(cursor.next - 1)) if (!chunk.end) chunk.add(record);
    expect(chunk.cursor, 'a chunk brings something').not.toEqual(cursor);
    chunks.push(chunk);
    cursor = chunk.cursor;
  }
  return chunks;
}

const itemsOf = (...records: NewRecord[]): readonly ConsoleItem[] => chunksOf(numbered(records)).flatMap(({ items }) => items);

describe('a chunk', () => {
  it('merges neighbours of one stream and keeps the order of all', () => {
    expect(
      itemsOf(out('a'), out('b'), err('c'), err('d'), out('e'), { type: 'html', text: '<b>' }, { type: 'log', text: 'note' }),
    ).toEqual([
      ['stdout', 'ab'],
      ['stderr', 'cd'],
      ['stdout', 'e'],
      ['html', '<b>'],
      ['log', 'note'],
    ]);
  });

  it('gives media as the record has it, text and base64 alike', () => {
    const svg: NewRecord = { type: 'media', mime: 'image/svg+xml', data: '<svg/>', encoding: 'utf8' };
    const png: NewRecord = { type: 'media', mime: 'image/png', data: 'iVBORw==', encoding: 'base64' };
    expect(itemsOf(svg, png)).toEqual([
      ['media', ['image/svg+xml', '<svg/>']],
      ['media', ['image/png', 'iVBORw==']],
    ]);
  });

  it('puts the prompt before the request for input', () => {
    const [chunk] = chunksOf(numbered([out('x'), { type: 'waiting-input', prompt: 'name? ', password: true }, out('later')]));
    expect(chunk!.items).toEqual([['stdout', 'xname? ']]);
    expect(chunk!.end).toEqual({ status: 'waiting-input', password: true });
  });

  it('says how many bytes a gap stands for, and goes on after it', () => {
    const records = [
      { seq: 1, ...out('a') },
      { seq: 2, type: 'gap', upTo: 9, bytes: 4242 },
      { seq: 10, ...out('z') },
    ] as RunRecord[];
    const chunk = new Chunk(cursorFrom(1));
    for (const record of records) chunk.add(record);
    expect(chunk.items).toEqual([
      ['stdout', 'a'],
      ['stderr', '[4242 bytes of output were not kept]\n'],
      ['stdout', 'z'],
    ]);
    expect(chunk.cursor.next).toBe(11);
  });

  it('completes a character over chunks, and gives up on it at the end of the build and of the run', () => {
    const smile = Buffer.from('😀');
    expect(itemsOf(out(smile.subarray(0, 1)), out(smile.subarray(1, 3)), out(smile.subarray(3)))).toEqual([['stdout', '😀']]);
    expect(
      itemsOf(out(smile.subarray(0, 2)), { type: 'build-finished', exitCode: 0 }, out(smile.subarray(2)), finished()),
    ).toEqual([
      ['stdout', '\ufffd'],
      ['stdout', '\ufffd\ufffd'],
    ]);
  });

  it('confirms nothing from the first byte of an unfinished character on', () => {
    const smile = Buffer.from('😀');
    const chunk = new Chunk(cursorFrom(1));
    numbered([out('a'), out(smile.subarray(0, 2)), err('b'), err('c')]).forEach((record) => chunk.add(record));
    expect(chunk.confirmable).toBe(1);
    chunk.add({ seq: 5, type: 'stdout', data: smile.subarray(2) });
    expect(chunk.confirmable).toBe(5);
  });

  it('cuts html and logs at 10,485,760 bytes, and tells of media that are larger', () => {
    const limits = { recordBytes: 10 };
    const big = 'é'.repeat(6);
    const chunks = chunksOf(
      numbered([
        { type: 'html', text: big },
        { type: 'media', mime: 'image/png', data: 'x'.repeat(11), encoding: 'base64' },
      ]),
      limits,
    );
    expect(chunks.flatMap(({ items }) => items)).toEqual([
      ['html', 'é'.repeat(5)],
      ['stderr', '[image/png of 11 bytes is too large to be shown]\n'],
    ]);
    expect(CHUNK_LIMITS.recordBytes).toBe(10_485_760);
  });

  it('explains an end of which the exit code says too little, and no other', () => {
    expect(itemsOf(finished({ exitCode: 127, detail: 'the build failed with code 3' }))).toEqual([]);
    expect(itemsOf(finished({ exitCode: 127, reason: 'start-failed', detail: 'There is no program "x".' }))).toEqual([
      ['stderr', 'There is no program "x".\n'],
    ]);
  });

  it('loses nothing and keeps its limits however records are cut (law)', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map((text): NewRecord => out(text)),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map((text): NewRecord => err(text)),
      fc.uint8Array({ minLength: 1, maxLength: 12 }).map((data): NewRecord => ({ type: 'stdout', data })),
      fc.constant<NewRecord>({ type: 'waiting-input', prompt: '? ', password: false }),
      fc.constant<NewRecord>({ type: 'html', text: '<i>' }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }),
        // Room for the beginning of a character and a prompt: neither can be split.
        fc.integer({ min: 8, max: 50 }),
        fc.integer({ min: 1, max: 60 }),
        (list, characters, bytes) => {
          const records = numbered([...list, finished()]);
          const chunks = chunksOf(records, { characters, bytes, records: 5 });
          const joined = (all: readonly Chunk[], type: string) =>
            all.flatMap(({ items }) => items.filter(([t]) => t === type).map(([, data]) => data as string));
          const whole = chunksOf(records);
          for (const type of ['stdout', 'stderr', 'html'])
            expect(joined(chunks, type).join('')).toBe(joined(whole, type).join(''));
          for (const chunk of chunks)
            for (const type of ['stdout', 'stderr'])
              expect(joined([chunk], type).join('').length).toBeLessThanOrEqual(characters);
          expect(chunks.at(-1)!.end?.status).toBe('finished');
          expect(chunks.at(-1)!.confirmable).toBe(records.length);
          const confirmed = chunks.map(({ confirmable }) => confirmable);
          expect(confirmed).toEqual([...confirmed].sort((a, b) => a - b));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps 524,288 characters on each stream, and leaves the rest for the next', () => {
    const [first, second] = chunksOf(numbered([out('a'.repeat(600_000)), finished()]));
    expect(first!.items[0]![1]).toHaveLength(524_288);
    expect(first!.end).toEqual({ status: 'full' });
    expect(first!.confirmable).toBe(0);
    expect(second!.items[0]![1]).toHaveLength(600_000 - 524_288);
    expect(second!.end?.status).toBe('finished');
  });
});

describe('the end of a run', () => {
  it.each<[string, Partial<Finished>, ChunkEnd]>([
    ['an exit code', { exitCode: 3 }, { status: 'finished', exitCode: 3 }],
    ['an interrupted sleep', { exitCode: null, signal: 'SIGINT', reason: 'interrupted' }, { status: 'finished', exitCode: -2 }],
    ['a kill', { exitCode: null, signal: 'SIGKILL', reason: 'killed' }, { status: 'finished', exitCode: -9 }],
    ['a program that did not start', { exitCode: 127, reason: 'start-failed' }, { status: 'finished', exitCode: 127 }],
    [
      'a signal that nobody knows',
      { exitCode: null, signal: 'SIGNONE', reason: 'signal' },
      { status: 'finished', exitCode: null },
    ],
    ['the time limit', { exitCode: null, signal: 'SIGKILL', reason: 'time-limit' }, { status: 'exec-timeout' }],
  ])('of %s', (_, how, end) => {
    expect(finishedEnd({ ...ENDED, ...how })).toEqual(end);
  });
});

describe('the shape of a result', () => {
  const items: ConsoleItem[] = [
    ['stdout', 'a'],
    ['stderr', 'b'],
    ['media', ['image/png', 'AA==']],
    ['stdout', 'c'],
    ['html', '<b>'],
    ['log', 'note'],
  ];
  const files = [{ name: 'x', url: '#dummy-upload' }];

  it('is a console for versions 2 and later', () => {
    const expected = { runId: 'r', status: 'finished', exitCode: 0, options: null, files, console: items };
    for (const version of [2, 3, 4])
      expect(shapeResult(version, { runId: 'r', end: { status: 'finished', exitCode: 0 }, items, files })).toStrictEqual(
        expected,
      );
  });

  it('is joined by kind for version 1', () => {
    expect(shapeResult(1, { runId: 'r', end: { status: 'build-finished', exitCode: 2 }, items, files: [] })).toStrictEqual({
      runId: 'r',
      status: 'build-finished',
      exitCode: 2,
      options: null,
      files: [],
      stdout: 'ac',
      stderr: 'b',
      media: [['image/png', 'AA==']],
      html: ['<b>'],
    });
  });

  it.each<[ChunkEnd | undefined, object]>([
    [undefined, { status: 'continued', exitCode: null, options: null }],
    [{ status: 'full' }, { status: 'continued', exitCode: null, options: null }],
    [
      { status: 'waiting-input', password: false },
      { status: 'waiting-input', exitCode: null, options: {} },
    ],
    [
      { status: 'waiting-input', password: true },
      { status: 'waiting-input', exitCode: null, options: { is_password: true } },
    ],
    [{ status: 'exec-timeout' }, { status: 'exec-timeout', exitCode: null, options: null }],
    [
      { status: 'finished', exitCode: -2 },
      { status: 'finished', exitCode: -2, options: null },
    ],
  ])('tells %j', (end, head) => {
    expect(shapeResult(2, { runId: 'r', end, items: [], files: [] })).toStrictEqual({
      runId: 'r',
      ...head,
      files: [],
      console: [],
    });
  });
});
