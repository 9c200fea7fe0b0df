import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planProgram } from './program.js';

let directory: string;
let script: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-cli-'));
  script = join(directory, 'work.py');
  await writeFile(script, '1');
  await mkdir(join(directory, 'folder.py'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('planProgram', () => {
  it.each([
    [['python', '-c', '1', 'x'], { interpreter: 'python', argv: ['-c', '1', 'x'] }],
    [['python', '-m', 'this'], { interpreter: 'python', argv: ['-m', 'this'] }],
    [['python', '-', 'a'], { interpreter: 'python', argv: ['-', 'a'] }],
    [['node', '-', 'a'], { interpreter: 'node', argv: ['-', 'a'] }],
    [['bash', '-', 'a'], { interpreter: 'bash', argv: ['-s', '--', 'a'] }],
    [['python'], { interpreter: 'python', argv: [] }],
    [['python', 'in-the-image', 'a'], { interpreter: 'python', argv: ['in-the-image', 'a'] }],
    [['ls', '-l', 'x.py'], { argv: ['ls', '-l', 'x.py'] }],
    [['python3', 'x'], { argv: ['python3', 'x'] }],
  ])('%j', async (words, program) => {
    expect(await planProgram(words)).toEqual(program);
  });

  it('brings a script of this machine along, by its name', async () => {
    expect(await planProgram(['python', script, 'a'])).toEqual({
      interpreter: 'python',
      argv: ['work.py', 'a'],
      upload: { from: script, to: 'work.py' },
    });
  });

  it.each(['missing.py', 'folder.py'])('refuses the script %s', async (name) => {
    await expect(planProgram(['python', join(directory, name)])).rejects.toMatchObject({ code: 'file-unreadable' });
  });
});
