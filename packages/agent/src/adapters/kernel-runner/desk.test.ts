import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@berth/base';
import { BerthError, DEFAULT_RETENTION, type RunId, type RunRecord, type RunRequest } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecords } from '../../../testing/link.js';
import { Desk } from './desk.js';
import { RunList } from './run-list.js';
import { Spool } from './spool.js';

let directory: string;
let clock: VirtualClock;
let sent: string[];
let settled: boolean[];
let runs: RunList;
let desk: Desk;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'desk-'));
  clock = new VirtualClock();
  open();
});
afterEach(() => {
  desk.close(new BerthError('runner-lost', 'over'));
  expect(clock.pending).toBe(0);
  rmSync(directory, { recursive: true });
});

function open(limits = DEFAULT_RETENTION): void {
  sent = [];
  settled = [];
  const found = Spool.open(directory);
  runs = new RunList(found.spool, found.runs, limits);
  const inbox = { intend: () => {}, settle: (written: boolean) => void settled.push(written) };
  desk = new Desk({ runs, clock, inbox, send: (type, text) => void sent.push(text === '' ? type : `${type} ${text}`) });
  desk.resume();
}
/** Another life of the agent. */
function reopen(): void {
  desk.close(new BerthError('runner-lost', 'killed'));
  open();
}
const take = (type: string, payload: string | object = ''): void =>
  desk.take([Buffer.from(type), Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))]);
const finished = (exitCode: number): void => take('finished', { exitCode });
const built = (exitCode: number): void => take('build-finished', { exitCode });
const query = (id: string, more: object = {}): RunRequest => ({
  runId: id as RunId,
  mode: 'query',
  language: 'python',
  code: id,
  ...more,
});
const batch = (id: string): RunRequest => ({ runId: id as RunId, mode: 'batch', build: '', argv: ['/bin/sh', '-c', id] });
const read = (id: string): Promise<RunRecord[]> => readRecords(runs.get(id as RunId).attach({ from: 1 }, () => desk.confirmed()));
const told = async (id: string): Promise<string[]> =>
  (await read(id)).map((r) =>
    r.type === 'stdout'
      ? Buffer.from(r.data).toString()
      : r.type === 'finished'
        ? `${r.reason} ${r.exitCode ?? r.signal}`
        : r.type,
  );

describe('the desk of a kernel', () => {
  it('gives the runner one run at a time, and each its output', async () => {
    desk.start(query('a'));
    desk.start(batch('b'));
    expect(sent).toEqual(['code a']);
    expect(runs.views().map(({ state }) => state)).toEqual(['running', 'queued']);
    take('stdout', 'of a');
    finished(0);
    expect(sent).toEqual(['code a', 'build', 'exec b']);
    built(0);
    take('stdout', 'of b');
    finished(4);
    expect(await told('a')).toEqual(['of a', 'exited 0']);
    expect(await told('b')).toEqual(['build-finished', 'of b', 'exited 4']);
  });

  it('ends a run of a terminal kernel once, and the next not with its second word', async () => {
    desk.start(query('a'));
    desk.start(query('b'));
    take('finished', { upload_output_files: false });
    expect(sent).toEqual(['code a']);
    finished(0);
    expect(runs.get('b' as RunId).log.finished).toBeNull();
    take('finished', { upload_output_files: false });
    finished(1);
    expect([await told('a'), await told('b')]).toEqual([['exited 0'], ['exited 1']]);
  });

  it('counts what belongs to no run, and reads on', () => {
    take('stdout', 'nobody');
    finished(0);
    take('nonsense');
    desk.take([Buffer.from('one part')]);
    expect([desk.stray, desk.odd]).toEqual([2, 2]);
    expect(settled).toEqual([false, false, false, false]);
  });

  it('answers a request for input when there is input, whichever comes first', async () => {
    desk.start(query('a'));
    const early = desk.input('a' as RunId, 0, Buffer.from('x'), false);
    expect(sent).toEqual(['code a']);
    take('waiting-input');
    expect(sent.at(-1)).toBe('input x');
    expect(await early).toBe(1);
    take('waiting-input');
    void desk.input('a' as RunId, 1, Buffer.from('y'), false);
    expect(sent.at(-1)).toBe('input y');
    finished(0);
    expect(await desk.input('a' as RunId, 2, Buffer.from('z'), false)).toBe(3);
  });

  it('answers again after a crash only what was not answered', () => {
    desk.start(query('a'));
    take('waiting-input');
    void desk.input('a' as RunId, 0, Buffer.from('x'), false);
    reopen();
    void desk.input('a' as RunId, 0, Buffer.from('xy'), false);
    expect(sent.filter((command) => command.startsWith('input'))).toEqual([]);
    take('waiting-input');
    expect(sent.at(-1)).toBe('input y');
  });

  it('interrupts once for a hasty hand, again later', () => {
    desk.start(query('a'));
    for (const ms of [0, 100, 600]) {
      clock.advance(ms);
      desk.signal('a' as RunId, 'interrupt');
    }
    expect(sent).toEqual(['code a', 'interrupt', 'interrupt']);
  });

  it('keeps the first reason, and interrupts at the time limit, counted over lives', async () => {
    desk.start(query('a', { timeoutMs: 1000 }));
    clock.advance(700);
    reopen();
    clock.advance(299);
    expect(sent).not.toContain('interrupt');
    clock.advance(1);
    desk.signal('a' as RunId, 'kill');
    expect(sent).toContain('interrupt');
    finished(-2);
    finished(0);
    built(0);
    expect(await told('a')).toEqual(['time-limit SIGINT']);
  });

  it.each<[string, () => void, string[], string[]]>([
    ['ended meanwhile', () => (take('stdout', 'x'), finished(3), finished(0), built(0)), ['x', 'exited 3'], ['code b']],
    ['is nowhere', () => (finished(0), built(0)), ['repl-lost 1'], ['code b']],
    ['ended, while the probe was never sent', () => (finished(3), clock.advance(2000)), ['exited 3'], ['code b']],
  ])('finds out after a crash that a run %s, and goes on with the next', async (_, happens, records, next) => {
    desk.start(query('a'));
    desk.start(query('b'));
    reopen();
    expect(sent).toEqual(['exec', 'build']);
    happens();
    expect(await told('a')).toEqual(records);
    expect(sent.slice(2)).toEqual(next);
    finished(0);
    expect(await told('b')).toEqual(['exited 0']);
  });

  it('probes once, and does not settle what it holds', () => {
    desk.start(query('a'));
    reopen();
    reopen();
    expect(sent).toEqual([]);
    finished(0);
    expect(settled).toEqual([]);
    finished(0);
    expect(settled).toEqual([true]);
  });

  it('lets nothing more in over its budget, until it is confirmed', async () => {
    reopenWith(2 * 1024 * 1024);
    desk.start(query('a'));
    for (let i = 0; i < 3; i++) take('stdout', 'x'.repeat(1024 * 1024));
    let open = false;
    void desk.room(new AbortController().signal).then(() => (open = true));
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(open).toBe(false);
    const stream = runs.get('a' as RunId).attach({ from: 1 }, () => desk.confirmed());
    const reader = stream[Symbol.asyncIterator]();
    stream.ack(((await reader.next()).value as { seq: number }[]).at(-1)!.seq);
    for (let seq = 2; seq <= runs.get('a' as RunId).log.highest; seq++) stream.ack(seq);
    await new Promise((resolve) => setImmediate(resolve));
    expect(open).toBe(true);
  });

  function reopenWith(diskBytes: number): void {
    desk.close(new BerthError('runner-lost', 'killed'));
    open({ ...DEFAULT_RETENTION, diskBytes });
  }
});
