import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId, takeIdentity } from './identity.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'identity-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the identity of an agent', () => {
  it('stays with its directory, and its epoch grows with each start', async () => {
    const first = await takeIdentity(directory);
    const second = await takeIdentity(directory);
    expect(first).toMatchObject({ agentId: expect.stringMatching(/^i-[0-9a-f]{12}$/), epoch: 1 });
    expect(second).toEqual({ ...first, epoch: 2 });
    expect(await readdir(directory)).toEqual(['agent.json']);
    expect((await stat(join(directory, 'agent.json'))).mode & 0o777).toBe(0o600);
  });

  it('differs between directories', async () => {
    const other = await mkdtemp(join(tmpdir(), 'identity-'));
    const [a, b] = [await takeIdentity(directory), await takeIdentity(other)];
    await rm(other, { recursive: true });
    expect([a.agentId === b.agentId, a.stateId === b.stateId]).toEqual([false, false]);
  });

  it.each([
    '',
    '{',
    'null',
    '{"agentId":"i-1","stateId":"s"}',
    '{"agentId":1,"stateId":"s","epoch":1}',
    '{"agentId":"i","stateId":"s","epoch":1.5}',
  ])('is not guessed from %j, which is kept', async (text) => {
    await writeFile(join(directory, 'agent.json'), text);
    await expect(takeIdentity(directory)).rejects.toMatchObject({ code: 'bad-config' });
    expect(await readFile(join(directory, 'agent.json'), 'utf8')).toBe(text);
  });

  it('that cannot be written is said so', async () => {
    await expect(takeIdentity(join(directory, 'none'))).rejects.toMatchObject({ code: 'state-unwritable' });
  });
});

describe('the boot of the machine', () => {
  it('is the same while it runs', async () => {
    expect(await bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(await bootId()).toBe(await bootId());
  });
});
