import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyPart } from './copy.js';
import type { Part } from './parts.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-copy-of-a-node-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** A library that names two scripts by absolute path, as distributions build Node; one of them is not there. */
async function library(): Promise<Part & { readonly script: string }> {
  const script = join(root, 'undici-fetch.js');
  const source = join(root, 'libnode.so');
  await writeFile(script, 'exports.fetch = 1;\n');
  await writeFile(source, `code\0${script}\0${join(root, 'missing.js')}\0more code`);
  return { target: 'lib/libnode.so', source, executable: false, relocations: [], mayEmbedScripts: true, stamp: '', script };
}

describe('copyPart', () => {
  it('brings scripts along that a program reads at start, and tells it where they are', async () => {
    const { script, ...part } = await library();
    const target = join(root, 'carry');
    const written = await copyPart(part, target);
    expect(written.map(({ path }) => path)).toEqual(['lib/libnode.so', 'js/0']);
    expect(await readFile(join(target, 'js/0'), 'utf8')).toBe('exports.fetch = 1;\n');
    const copy = await readFile(join(target, 'lib/libnode.so'), 'latin1');
    expect(copy).toContain('\0/opt/berth/js/0\0');
    expect(copy).not.toContain(script);
    expect(copy).toContain(join(root, 'missing.js'));
  });

  it('looks for scripts only where they may be', async () => {
    const part = await library();
    const written = await copyPart({ ...part, mayEmbedScripts: false }, join(root, 'carry'));
    expect(written.map(({ path }) => path)).toEqual(['lib/libnode.so']);
  });
});
