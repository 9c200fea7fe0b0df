import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepDriver } from './driver-of-state.js';

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'berth-driver-'))));
afterEach(() => rm(directory, { recursive: true }));

it('stays with the driver while there are kernels of it', async () => {
  await keepDriver(directory, 'sandbox', false);
  await keepDriver(directory, 'sandbox', true);
  await expect(keepDriver(directory, 'docker', true)).rejects.toMatchObject({ code: 'bad-config' });
  await keepDriver(directory, 'docker', false);
  await keepDriver(directory, 'docker', true);
});

it('takes a directory without a note for one of Docker', async () => {
  await expect(keepDriver(directory, 'sandbox', true)).rejects.toMatchObject({ code: 'bad-config' });
  await keepDriver(directory, 'docker', true);
});
