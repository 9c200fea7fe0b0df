import { afterEach, describe, expect, it } from 'vitest';
import type { BatchRun, RunId } from '@berth/wire';
import { startRunner, type Harness } from '../testing/harness.js';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

const batch = (runId: string, argv: string[], more: Partial<BatchRun> = {}): { run: BatchRun } => ({
  run: { mode: 'batch', runId: runId as RunId, argv, ...more },
});

describe('a batch', () => {
  it('streams output and tells its exit code', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', batch('r1', ['sh', '-c', 'echo out; echo err >/dev/stderr; exit 7']));
    const stream = await agent.subscribe('r1');
    await stream.ended;
    expect(stream.text('stdout')).toBe('out\n');
    expect(stream.text('stderr')).toBe('err\n');
    expect(stream.records.at(-1)).toMatchObject({
      type: 'finished',
      exitCode: 7,
      signal: null,
      reason: 'exited',
      stateLost: false,
    });
  });
});
