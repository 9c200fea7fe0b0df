import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { MAX_DEFINITION_BYTES } from '@berth/wire';
import { readDefinition } from './definition.js';

const directory = mkdtempSync(join(tmpdir(), 'definitions-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('gives the text of a regular file, and of nothing else that an image may put there', async () => {
  const at = (name: string) => join(directory, `${name}.json`);
  writeFileSync(at('web'), '{"command":["x"]}');
  writeFileSync(at('large'), Buffer.alloc(MAX_DEFINITION_BYTES + 1));
  symlinkSync(at('web'), at('link'));
  mkdirSync(at('directory'));
  execFileSync('mkfifo', [at('fifo')]);
  expect(await readDefinition('web', directory)).toBe('{"command":["x"]}');
  for (const name of ['large', 'link', 'directory', 'fifo', 'missing']) expect(await readDefinition(name, directory)).toBeNull();
});
