import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentSettings } from '../config/agent-settings.js';
import { resolveAgentSettings } from '../config/resolve.js';
import { silentLogger } from '../ports/logger.js';
import { startOutputs } from './outputs.js';

describe('the object store of a node', () => {
  let scratchRoot: string;
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) };
  const settings = (env: Record<string, string>): AgentSettings =>
    resolveAgentSettings({ flags: { 'scratch-root': scratchRoot }, env }).settings;
  const start = (env: Record<string, string>) => startOutputs(settings(env), () => Promise.reject(new Error('nothing')), logger);
  beforeEach(async () => {
    scratchRoot = await mkdtemp(join(tmpdir(), 'berth-scratch-'));
    warnings.length = 0;
  });
  afterEach(() => rm(scratchRoot, { recursive: true }));

  it('is none without keys, and nothing is made for it', async () => {
    expect(await start({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_S3_BUCKET: 'b' })).toBeUndefined();
    expect([await readdir(scratchRoot), warnings]).toEqual([[], []]);
  });

  it('is missed when files wait for it and the keys are gone', async () => {
    await mkdir(join(scratchRoot, '.berth-outbox'));
    for (const name of ['1.json', '1.data']) await writeFile(join(scratchRoot, '.berth-outbox', name), '');
    expect(await start({})).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('.berth-outbox')]);
    expect(await readdir(join(scratchRoot, '.berth-outbox'))).toHaveLength(2);
  });

  it('is there with keys, whether or not it answers', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_S3_BUCKET: 'c' };
    const outputs = await start({ ...keys, AWS_S3_ENDPOINT: 'http://127.0.0.1:1' });
    expect(outputs?.pending).toBe(0);
    await outputs?.stop();
  });
});
