import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecord, encodeRecordPayload, RECORD_TYPES, type RunRecord } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunLog } from './run-log.js';

let directory: string;
let log: RunLog;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'run-log-'));
  log = new RunLog(directory, 7);
});
afterEach(() => {
  log.close();
  rmSync(directory, { recursive: true });
});

const stdout = (text: string) => ({ type: RECORD_TYPES.stdout, payload: Buffer.from(text) });
const names = (): string[] => readdirSync(directory).sort();
const texts = (from: number, of = log): string[] => {
  const cursor = of.cursor(from);
  const all: string[] = [];
  for (let frames = of.read(cursor, 100); frames.length > 0; frames = of.read(cursor, 100)) {
    all.push(...frames.map(({ seq, payload }) => `${seq}:${Buffer.from(payload).toString().slice(0, 3)}`));
  }
  return all;
};
const recovered = (): RunLog => {
  log.close();
  const again = new RunLog(directory, 7);
  again.recover(names().map((name) => Number(/-(\d+)\./.exec(name)![1])));
  return again;
};

describe('the log of a run', () => {
  it('numbers records, and gives them from any number on', () => {
    expect(texts(1)).toEqual([]);
    log.append([stdout('a'), stdout('b')]);
    log.append([stdout('c')]);
    expect(log.highest).toBe(3);
    expect(texts(1)).toEqual(['1:a', '2:b', '3:c']);
    expect(texts(3)).toEqual(['3:c']);
    expect(texts(9)).toEqual([]);
  });

  it('gives what comes later to who has read all', () => {
    log.append([stdout('a')]);
    const cursor = log.cursor(1);
    expect(log.read(cursor, 100)).toHaveLength(1);
    expect(log.read(cursor, 100)).toHaveLength(0);
    log.append([stdout('b')]);
    expect(log.read(cursor, 100)).toMatchObject([{ seq: 2 }]);
  });

  it('drops segments once they are confirmed, but for the last', () => {
    for (let i = 0; i < 5; i++) log.append([stdout('x'.repeat(700_000))]);
    expect(names()).toEqual(['7-1.records', '7-3.records', '7-5.records']);
    expect(texts(1)).toHaveLength(5);
    log.acknowledge(2);
    expect([log.lowest, log.droppedBytes]).toEqual([3, 2 * 700_017]);
    log.acknowledge(99);
    expect([names(), log.acknowledged, log.lowest]).toEqual([['7-5.records'], 5, 5]);
    expect(texts(1)).toEqual(['5:xxx']);
  });

  it('is the same after a crash, without what the crash tore', () => {
    const finished: RunRecord = {
      seq: 0,
      type: 'finished',
      exitCode: 3,
      signal: null,
      reason: 'exited',
      detail: '',
      stateLost: false,
      wallMs: 1,
    };
    log.append([stdout('a'), { type: RECORD_TYPES['build-finished'], payload: Buffer.from('{"exitCode":2}') }]);
    log.append([{ type: RECORD_TYPES.finished, payload: encodeRecordPayload(finished) }]);
    const whole = readFileSync(join(directory, '7-1.records'));
    for (const cut of [0, 1, 17, 18, 30, whole.length - 1]) {
      writeFileSync(join(directory, '7-1.records'), whole.subarray(0, cut));
      const again = recovered();
      again.append([stdout('new')]);
      expect(texts(1, again).at(-1)).toBe(`${again.highest}:new`);
      again.close();
    }
    writeFileSync(join(directory, '7-1.records'), whole);
    appendFileSync(join(directory, '7-1.records'), Buffer.from([0, 0, 1]));
    const again = recovered();
    expect([again.highest, again.buildCode, again.finished?.exitCode]).toEqual([3, 2, 3]);
    again.close();
  });

  it('drops the first records of a message whose rest is not there', () => {
    log.append([stdout('a')]);
    log.append([stdout('b'), stdout('c')]);
    const again = recovered();
    again.cutBack(2);
    again.append([stdout('d')]);
    expect(texts(1, again)).toEqual(['1:a', '2:d']);
    again.close();
  });

  it('gives a record that is larger than what is asked for as a whole', () => {
    const data = 'm'.repeat(3_000_000);
    log.append([{ type: RECORD_TYPES.html, payload: encodeRecordPayload({ seq: 0, type: 'html', text: data }) }, stdout('z')]);
    const frames = log.read(log.cursor(1), 10).filter(({ seq }) => seq === 1);
    expect(frames.map(({ more }) => more)).toEqual([true, true, false]);
    const joined = Buffer.concat(frames.map(({ payload }) => payload));
    expect(decodeRecord('html', 1, joined)).toMatchObject({ text: data });
  });
});
