import { BerthError } from '@berth/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { ExecuteWorld, KERNEL, type ExecuteWorldOptions } from '../../../testing/execute-world.js';
import { completions, whereOf } from './completions.js';

let world: ExecuteWorld;
const start = async (options: ExecuteWorldOptions = {}) => (world = await ExecuteWorld.start(options));
afterEach(() => world.executor.stop());
const none = { status: 'finished', completions: [] };

describe('completions', () => {
  it('come from the session of the kernel’s language', async () => {
    await start({ lang: 'nodejs:8' });
    const asked: unknown[] = [];
    world.service.complete = async (...question) => (asked.push(question), ['print', 'printf']);
    expect(await completions(world.service, KERNEL, { text: 'pri', opts: {} })).toEqual({
      status: 'finished',
      completions: ['print', 'printf'],
    });
    expect(asked).toEqual([[KERNEL, 'node', 'pri', 3]]);
  });

  it('are none, and at once, for a language without a session (D30)', async () => {
    await start({ lang: 'haskell:8' });
    expect(await completions(world.service, KERNEL, { text: 'x', opts: null })).toEqual(none);
  });

  it('are none where the image has no interpreter', async () => {
    await start();
    world.service.complete = async () => Promise.reject(new BerthError('language-missing', 'no python'));
    expect(await completions(world.service, KERNEL, { text: 'x', opts: null })).toEqual(none);
  });

  it('are none when they take too long', async () => {
    await start();
    world.service.complete = () => new Promise(() => {});
    expect(await completions(world.service, KERNEL, { text: 'x', opts: null }, 10)).toEqual(none);
  });

  it('of a kernel that is not there are an error', async () => {
    await start();
    await expect(completions(world.service, 'k9' as never, { text: 'x', opts: null })).rejects.toMatchObject({
      code: 'no-such-session',
    });
  });
});

describe('the place of the cursor', () => {
  it.each([
    ['the end of the text', 'a.b', null, { code: 'a.b', cursor: 3 }],
    ['the end of the line', 'x\na.b', { line: 'a.b', post: '', row: 1 }, { code: 'a.b', cursor: 3 }],
    ['the column in the line', 'x', { line: 'a.b + c', col: 3 }, { code: 'a.b + c', cursor: 3 }],
    ['row and column in the text', 'xy\na.b + c', { row: 1, col: 3 }, { code: 'xy\na.b + c', cursor: 6 }],
    ['the end where row and column are nowhere', 'xy', { row: 5, col: 3 }, { code: 'xy', cursor: 2 }],
    ['the end where they are nonsense', 'xy', { row: 'a', col: -1, line: 7 }, { code: 'xy', cursor: 2 }],
  ])('is %s', (_, text, opts, expected) => expect(whereOf({ text, opts })).toEqual(expected));
});
