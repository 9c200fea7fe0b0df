import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findTini } from './tini.js';

it('takes the first static program, past dynamic ones, scripts and missing files', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-tini-'));
  // An ELF header without program headers is a static program as far as the loader is concerned.
  const program = Buffer.alloc(64);
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const [script, fixed] = [join(directory, 'script'), join(directory, 'static')];
  await writeFile(script, '#!/bin/sh\n'.padEnd(100));
  await writeFile(fixed, program);
  expect(await findTini(['/no/such/tini', process.execPath, script, fixed])).toBe(fixed);
  expect(await findTini([script])).toBeNull();
  await rm(directory, { recursive: true });
});
