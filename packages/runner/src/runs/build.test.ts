import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BatchRun, Finished, RunId, RunRecord } from '@berth/wire';
import type { Stream, TestAgent } from '../../testing/client.js';
import { marked, processesWith, startRunner, waitFor, type Harness } from '../../testing/harness.js';

const RUN = 'r' as RunId;

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

async function begin(build: string, argv: string[], more: Partial<BatchRun> = {}): Promise<{ agent: TestAgent; stream: Stream }> {
  harness = await startRunner();
  const agent = await harness.agent();
  await agent.call('start', { run: { mode: 'batch', runId: RUN, argv, build, ...more } });
  return { agent, stream: await agent.subscribe(RUN) };
}

/** Output joined, records of the end as they are. */
async function story(stream: Stream): Promise<unknown[][]> {
  await stream.ended;
  const told: unknown[][] = [];
  for (const record of stream.records) {
    if (record.type === 'clean-finished' || record.type === 'build-finished') told.push([record.type, record.exitCode]);
    else if (record.type === 'finished') told.push(['finished', record.exitCode]);
    else if (record.type === 'stdout' || record.type === 'stderr') told.push([record.type, Buffer.from(record.data).toString()]);
  }
  return told;
}

const finishedOf = (stream: Stream): Finished => stream.records.at(-1) as RunRecord & { type: 'finished' };

describe('a build', () => {
  it('comes before the program, in the same place', async () => {
    const { stream } = await begin('pwd; echo $A >&2; echo 41 >made', ['sh', '-c', 'cat made; exit 7'], {
      cwd: '.',
      env: { A: 'a' },
    });
    expect(await story(stream)).toEqual(
      expect.arrayContaining([
        ['stdout', `${harness!.work}\n`],
        ['stderr', 'a\n'],
      ]),
    );
    expect((await story(stream)).slice(-3)).toEqual([
      ['build-finished', 0],
      ['stdout', '41\n'],
      ['finished', 7],
    ]);
    expect(finishedOf(stream)).toMatchObject({ reason: 'exited', detail: '' });
  });

  it('comes after a clean step, whose own failure stops nothing', async () => {
    const { stream } = await begin('cat made; touch built', ['ls'], { clean: 'echo swept >made; exit 3' });
    expect(await story(stream)).toEqual([
      ['clean-finished', 3],
      ['stdout', 'swept\n'],
      ['build-finished', 0],
      ['stdout', 'built\nmade\n'],
      ['finished', 0],
    ]);
  });

  it('is not reached by a run that is killed in its clean step', async () => {
    const { agent, stream } = await begin('touch built', ['ls'], { clean: 'echo go; sleep 60' });
    await stream.until((records) => records[0]);
    await agent.call('signal', { run: RUN, signal: 'kill' });
    expect((await story(stream)).map(([type]) => type as string)).toEqual(['stdout', 'clean-finished', 'finished']);
    expect(finishedOf(stream)).toMatchObject({ reason: 'killed' });
  });

  it('that fails is the end: the program does not run', async () => {
    const { stream } = await begin('echo hi; exit 3', ['touch', 'ran']);
    expect(await story(stream)).toEqual([
      ['stdout', 'hi\n'],
      ['build-finished', 3],
      ['finished', 127],
    ]);
    expect(finishedOf(stream)).toMatchObject({ reason: 'exited', detail: 'the build failed with code 3', signal: null });
    expect(existsSync(join(harness!.work, 'ran'))).toBe(false);
  });

  it.each([
    [
      'an empty text builds nothing, and says so',
      '',
      ['echo', 'x'],
      [
        ['build-finished', 0],
        ['stdout', 'x\n'],
        ['finished', 0],
      ],
    ],
    [
      'without a program it is all there is',
      'echo x',
      [],
      [
        ['stdout', 'x\n'],
        ['build-finished', 0],
        ['finished', 0],
      ],
    ],
    [
      'nothing at all is done at once',
      '',
      [],
      [
        ['build-finished', 0],
        ['finished', 0],
      ],
    ],
    [
      'a signal counts as its shell would count it',
      'kill -9 $$',
      ['true'],
      [
        ['build-finished', 137],
        ['finished', 127],
      ],
    ],
  ])('%s', async (_name, build, argv, wanted) => {
    const { stream } = await begin(build, argv);
    expect(await story(stream)).toEqual(wanted);
    expect(finishedOf(stream).reason).toBe('exited');
  });

  it('has no input, which is kept for the program', async () => {
    const { agent, stream } = await begin('cat; sleep 0.1', ['cat'], { stdin: 'open' });
    const data = Buffer.from('typed').toString('base64');
    expect(await agent.call('input', { run: RUN, offset: 0, data, end: true })).toEqual({ offset: 5 });
    expect(await story(stream)).toEqual([
      ['build-finished', 0],
      ['stdout', 'typed'],
      ['finished', 0],
    ]);
  });

  it.each([
    ['interrupt', 'sleep MARK', 130, 'interrupted'],
    ['terminate', 'sleep MARK', 143, 'killed'],
    ['kill', 'trap "" INT TERM; sleep MARK & sleep MARK; sleep MARK', 137, 'killed'],
  ] as const)('ends by %s, and the run with it', async (signal, script, code, reason) => {
    const mark = marked();
    const { agent, stream } = await begin(script.replaceAll('MARK', mark), ['touch', 'ran']);
    await waitFor(() => processesWith(`sleep\0${mark}`).length > 0);
    await agent.call('signal', { run: RUN, signal });
    expect(await story(stream)).toEqual([
      ['build-finished', code],
      ['finished', 127],
    ]);
    expect(finishedOf(stream)).toMatchObject({ reason, signal: null });
    expect(processesWith(mark)).toEqual([]);
    expect(existsSync(join(harness!.work, 'ran'))).toBe(false);
  });

  it('that heeds no interrupt is followed by its program', async () => {
    const script = 'trap "echo no" INT; echo go; while [ ! -e on ]; do sleep 0.02; done';
    const { agent, stream } = await begin(script, ['false']);
    await stream.until(() => stream.text() === 'go\n' || undefined);
    await agent.call('signal', { run: RUN, signal: 'interrupt' });
    await stream.until(() => stream.text() === 'go\nno\n' || undefined);
    await agent.call('start', { run: { mode: 'batch', runId: 'on' as RunId, argv: ['touch', 'on'] } });
    await stream.ended;
    expect(finishedOf(stream)).toMatchObject({ exitCode: 1, reason: 'exited' });
  });

  it.each([
    ['the build', 'sleep 60', ['true'], 127, 137],
    ['the program', 'true', ['sleep', '60'], null, 0],
  ])('shares its time limit with the program: %s', async (_name, build, argv, exitCode, code) => {
    const { stream } = await begin(build, argv, { timeoutMs: 200 });
    await stream.ended;
    expect(finishedOf(stream)).toMatchObject({ exitCode, reason: 'time-limit' });
    expect(stream.records.find(({ type }) => type === 'build-finished')).toMatchObject({ exitCode: code });
  });

  it('that cannot be started has failed', async () => {
    const { stream } = await begin('true', ['true'], { cwd: '../..' });
    expect(await story(stream)).toEqual([
      ['build-finished', 126],
      ['finished', 127],
    ]);
    expect(finishedOf(stream).reason).toBe('start-failed');
  });

  it('leaves nothing running for the program to meet', async () => {
    const mark = marked();
    const { stream } = await begin(`sleep ${mark} & echo $! >pid`, ['sh', '-c', 'kill -0 $(cat pid)']);
    await stream.ended;
    expect(finishedOf(stream).exitCode).toBe(1);
    expect(readFileSync(join(harness!.work, 'pid'), 'utf8')).toMatch(/^\d+\n$/);
  });

  it('of more than 128 KiB is refused', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const run = { mode: 'batch' as const, runId: RUN, argv: [], build: ':'.repeat(128 * 1024 + 1) };
    await expect(agent.call('start', { run })).rejects.toMatchObject({ code: 'bad-request' });
  });
});
