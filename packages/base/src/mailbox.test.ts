import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedMailbox } from './mailbox.js';

/** A promise with its ends in hand. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('a keyed mailbox', () => {
  it('keeps the order of each key, one task at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }), async (s, keys) => {
        const mailbox = new KeyedMailbox();
        const done: Record<string, number[]> = { a: [], b: [], c: [] };
        const running: Record<string, number> = { a: 0, b: 0, c: 0 };
        const posted = keys.map((key, index) =>
          mailbox.post(key, async () => {
            expect(++running[key]!).toBe(1);
            await s.schedule(Promise.resolve(), `${key} ${index}`);
            running[key]! -= 1;
            done[key]!.push(index);
          }),
        );
        await s.waitFor(Promise.all(posted));
        for (const key of ['a', 'b', 'c']) expect(done[key]).toEqual([...keys.keys()].filter((i) => keys[i] === key));
      }),
    );
  });

  it('runs keys side by side', async () => {
    const mailbox = new KeyedMailbox();
    const first = gate();
    const blocked = mailbox.post('a', () => first.opened);
    await expect(mailbox.post('b', () => 'through')).resolves.toBe('through');
    first.open();
    await blocked;
  });

  it('gives a failure to whoever posted it, and goes on', async () => {
    const mailbox = new KeyedMailbox();
    const failing = mailbox.post('a', () => Promise.reject(new Error('no')));
    const next = mailbox.post('a', () => 'next');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('next');
  });

  it('is empty when all has run', async () => {
    const mailbox = new KeyedMailbox();
    const held = gate();
    const tasks = [mailbox.post('a', () => held.opened), mailbox.post('a', () => {}), mailbox.post('b', () => held.opened)];
    expect(mailbox.size).toBe(2);
    held.open();
    await Promise.all(tasks);
    await mailbox.idle();
    expect(mailbox.size).toBe(0);
  });
});
