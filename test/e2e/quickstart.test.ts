/** The first thing that a newcomer runs. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tour } from '../../scripts/quickstart/tour.mjs';
import { describeWithDocker } from '../support/services.js';

describeWithDocker('the quickstart', (docker) => {
  let temporary: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'berth-e2e-'));
    vi.stubEnv('TMPDIR', temporary);
    vi.stubEnv('DOCKER_HOST', `unix://${docker.socketPath}`);
    vi.stubEnv('BERTH_DRIVER', 'docker');
    vi.stubEnv('BERTH_IMAGE', docker.images.debian);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  });

  it('runs real code, shows what it did, and leaves nothing', { timeout: 60_000 }, async () => {
    vi.stubEnv('BERTH_QUICKSTART_INPUT', 'some words');
    const said: string[] = [];
    await tour({ say: (line = '') => void said.push(line), stop: new AbortController().signal });
    const text = said.join('\n');
    expect(text).toContain('SOME WORDS - backwards: sdrow emos');
    expect(text).toContain('ZeroDivisionError: division by zero');
    expect(text).toContain('displayed: image/svg+xml');
    expect(text).toContain('summary.txt | the sum was 338350');
    expect(text).toContain(`image ${docker.images.debian}`);
    expect(text.match(/step \d of 6/g)).toHaveLength(6);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('leaves nothing when it is stopped half-way', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    const say = (line = '') => {
      if (line.includes('step 2 of 6')) stop.abort(new Error('enough'));
    };
    await expect(tour({ say, stop: stop.signal })).rejects.toThrow('enough');
    expect(readdirSync(temporary)).toEqual([]);
  });
});
