/** The first thing that a newcomer runs. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import { tour } from '../../scripts/quickstart/tour.mjs';
import { describeWithDocker } from '../support/services.js';

const directories = () => readdirSync(tmpdir()).filter((name) => name.startsWith('berth-quickstart-'));

describeWithDocker('the quickstart', (docker) => {
  afterEach(() => vi.unstubAllEnvs());

  it('runs real code, shows what it did, and leaves nothing', { timeout: 60_000 }, async () => {
    vi.stubEnv('DOCKER_HOST', `unix://${docker.socketPath}`);
    vi.stubEnv('BERTH_IMAGE', docker.images.debian);
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
    expect(directories()).toEqual([]);
  });

  it('leaves nothing when it is stopped half-way', { timeout: 60_000 }, async () => {
    vi.stubEnv('DOCKER_HOST', `unix://${docker.socketPath}`);
    vi.stubEnv('BERTH_IMAGE', docker.images.debian);
    const stop = new AbortController();
    const say = (line = '') => {
      if (line.includes('step 2 of 6')) stop.abort(new Error('enough'));
    };
    await expect(tour({ say, stop: stop.signal })).rejects.toThrow('enough');
    expect(directories()).toEqual([]);
  });
});
