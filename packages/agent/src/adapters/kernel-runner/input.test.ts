import { describe, expect, it } from 'vitest';
import { RunInput } from './input.js';

describe('input of a run', () => {
  it('waits, text by text, for the run to ask', async () => {
    const input = new RunInput(0);
    const first = input.add(0, Buffer.from('é'), false);
    const second = input.add(2, Buffer.from('b\n'), false);
    expect(input.next()).toEqual(expect.objectContaining({ text: 'é', upTo: 2 }));
    input.handedOver();
    expect(await first).toBe(2);
    expect(input.next()).toEqual(expect.objectContaining({ text: 'b\n', upTo: 4 }));
    input.handedOver();
    expect(await second).toBe(4);
    expect(input.next()).toBeUndefined();
  });

  it('that comes twice counts once, and what is new of it counts', () => {
    const input = new RunInput(2);
    void input.add(0, Buffer.from('ab'), false);
    expect(input.next()).toBeUndefined();
    void input.add(0, Buffer.from('abc'), false);
    expect(input.next()).toMatchObject({ text: 'c', upTo: 3 });
  });

  it('with a hole is refused', async () => {
    await expect(new RunInput(1).add(5, Buffer.from('x'), false)).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('may be an empty answer; at the end every request gets one', async () => {
    const input = new RunInput(0);
    const empty = input.add(0, Buffer.alloc(0), false);
    expect(input.next()).toMatchObject({ text: '' });
    input.handedOver();
    expect(await empty).toBe(0);
    expect(input.next()).toBeUndefined();
    expect(await input.add(0, Buffer.alloc(0), true)).toBe(0);
    expect(input.next()).toEqual({ text: '', upTo: 0 });
  });

  it('that the run never asked for is taken at its end', async () => {
    const input = new RunInput(0);
    const left = input.add(0, Buffer.from('left'), false);
    input.discard();
    expect(await left).toBe(4);
  });
});
