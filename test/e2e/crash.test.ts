/** `kill -9` of the node: a consumer in another process gets every number once, in order, and the exit code. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Berth, collect, type Ended } from '../support/berth.js';
import { describeWithDocker } from '../support/services.js';

const NUMBERS = 300;
/** Prints 0 to NUMBERS - 1 over some seconds, then exits with 7. */
const COUNTER = (delay: number) => `
import sys, time
for i in range(${NUMBERS}):
    print(i, flush=True)
    time.sleep(${delay})
sys.exit(7)`;
const EXPECTED = Array.from({ length: NUMBERS }, (_, i) => `${i}\n`).join('');

describeWithDocker('kill -9 of the node', (docker) => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(docker);
    await berth.up();
  }, 60_000);
  afterAll(() => berth.dispose());

  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  async function crash(awayMs = 0): Promise<void> {
    await berth.kill9();
    await wait(awayMs);
    await berth.up();
  }

  /** Resolves when the consumer has asked for its session: before that, it would start a node of its own. */
  async function sessionBegun(): Promise<void> {
    while (!readdirSync(join(berth.dataDir, 'state', 'kernels')).some((name) => name.endsWith('.jsonl'))) await wait(2);
  }

  /** Starts the counter in a consumer of its own; `during` runs beside it. */
  async function counted(delay: number, during: (firstOutput: Promise<unknown>) => Promise<void>): Promise<Ended> {
    const consumer = berth.spawn(['run', 'python', '-c', COUNTER(delay)]);
    consumer.stdin.end();
    const ended = collect(consumer);
    await during(once(consumer.stdout, 'data'));
    return ended;
  }

  const whole = (ended: Ended) => expect([ended.stdout, ended.code]).toEqual([EXPECTED, 7]);

  it('at 20 random moments', async () => {
    for (let i = 0; i < 20; i++) {
      // From the first step of its making until after its last number; told on failure, so that it can be repeated.
      const moment = Math.round((i * 1700) / 20 + Math.random() * 85);
      const ended = await counted(0.003, async () => {
        await sessionBegun();
        await wait(moment);
        await crash();
      });
      expect([ended.stdout, ended.code], `killed after ${moment} ms: ${ended.stderr}`).toEqual([EXPECTED, 7]);
    }
  }, 240_000);

  // A session's life writes: create, container, ready, stop.
  for (const step of [1, 2, 3, 4]) {
    for (const moment of ['before', 'after'] as const) {
      it(`${moment} journal entry ${step}`, async () => {
        await berth.kill9();
        const crashing = berth.spawnCrashing(step, moment);
        const died = once(crashing, 'exit');
        await berth.up(crashing);
        const ended = await counted(0.003, async () => {
          expect(await died).toEqual([null, 'SIGKILL']);
          await berth.up();
        });
        whole(ended);
      }, 60_000);
    }
  }

  it('three times within one run', async () => {
    whole(
      await counted(0.02, async (first) => {
        await first;
        for (let i = 0; i < 3; i++) {
          await wait(800);
          await crash();
        }
      }),
    );
  }, 60_000);

  it('while code waits for input: it gets the line that is typed after', async () => {
    expect((await berth.run(['run', '--keep', '--name', 'asks', 'python', '-c', 'pass'])).code).toBe(0);
    const consumer = berth.spawn(['exec', 'asks', '-c', 'print(input("who? ").upper())']);
    const ended = collect(consumer);
    let said = '';
    for (const stream of [consumer.stdout, consumer.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
    await expect.poll(() => said, { timeout: 10_000 }).toContain('who? ');
    await crash();
    consumer.stdin.end('ada\n');
    expect(await ended).toMatchObject({ stdout: expect.stringMatching(/ADA\n$/) as string, code: 0 });
    await berth.run(['rm', 'asks']);
  }, 60_000);

  it('which stays away for 60 s, while the run ends', async () => {
    whole(
      await counted(0.005, async (first) => {
        await first;
        await crash(60_000);
      }),
    );
  }, 120_000);

  it('leaves no session behind that nobody wants', async () => {
    const { stdout } = await berth.run(['ps', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ sessions: [] });
  });
});
