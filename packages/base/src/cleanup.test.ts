import { describe, expect, it } from 'vitest';
import { CleanupStack } from './cleanup.js';

function recorder(): { readonly stack: CleanupStack; readonly undone: string[]; add(name: string, fails?: boolean): void } {
  const stack = new CleanupStack();
  const undone: string[] = [];
  const add = (name: string, fails = false): void =>
    stack.add(name, async () => {
      await Promise.resolve();
      undone.push(name);
      if (fails) throw new Error(`${name} is stuck`);
    });
  return { stack, undone, add };
}

describe('a cleanup stack', () => {
  it('undoes in reverse order', async () => {
    const { stack, undone, add } = recorder();
    for (const name of ['a', 'b', 'c']) add(name);
    await stack.run();
    expect(undone).toEqual(['c', 'b', 'a']);
  });

  it('undoes once, however often it is run', async () => {
    const { stack, undone, add } = recorder();
    add('a');
    await Promise.all([stack.run(), stack.run()]);
    await stack.run();
    expect(undone).toEqual(['a']);
  });

  it('goes on after a failure, and names all that failed', async () => {
    const { stack, undone, add } = recorder();
    add('a', true);
    add('b');
    add('c', true);
    const error = await stack.run().catch((e: unknown) => e);
    expect(undone).toEqual(['c', 'b', 'a']);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).message).toBe('undo of c failed: c is stuck; undo of a failed: a is stuck');
    expect((error as AggregateError).errors.map((e: Error) => (e.cause as Error).message)).toEqual(['c is stuck', 'a is stuck']);
  });

  it('undoes what is added late on the spot', async () => {
    const { stack, undone, add } = recorder();
    const running = stack.run();
    add('late');
    await running;
    await stack.run();
    expect(undone).toEqual(['late']);
  });

  it('tells of a late failure beside the earlier ones', async () => {
    const { stack, add } = recorder();
    add('early', true);
    const first = stack.run();
    add('late', true);
    await expect(first).rejects.toThrow('undo of early failed');
    await expect(stack.run()).rejects.toThrow(/early.*late/);
  });

  it('that was released undoes nothing', async () => {
    const { stack, undone, add } = recorder();
    add('a');
    stack.release();
    await stack.run();
    expect(undone).toEqual([]);
  });
});
