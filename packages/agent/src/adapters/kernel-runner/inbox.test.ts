import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Inbox } from './inbox.js';
import { takeJoined } from './joined.js';
import { streamFileName } from './stream-files.js';
import { HANDSHAKE } from './zmtp.js';

let root: string;
let directory: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'inbox-'))));
afterEach(() => rmSync(root, { recursive: true }));
const fresh = (): void => {
  directory = mkdtempSync(join(root, 'x-'));
};

const frame = (flags: number, body: Buffer, long: boolean): Buffer => {
  const size = Buffer.alloc(long ? 8 : 1);
  if (long) size.writeBigUInt64BE(BigInt(body.length));
  else size[0] = body.length;
  return Buffer.concat([Buffer.from([flags | (long ? 2 : 0)]), size, body]);
};
/** As a PUSH socket sends it. */
const wire = (parts: readonly Uint8Array[]): Buffer =>
  Buffer.concat(parts.map((part, i) => frame(i < parts.length - 1 ? 1 : 0, Buffer.from(part), part.length > 255)));
const text = (...parts: string[]): Buffer[] => parts.map((part) => Buffer.from(part));
/** The peer's handshake looks like ours. */
const put = (start: number, begins: boolean, bytes: Buffer): number => {
  writeFileSync(join(directory, streamFileName(start, begins)), bytes);
  return start + bytes.length;
};
const all = (inbox: Inbox): string[][] => {
  const found: string[][] = [];
  for (let m = inbox.take(); m; m = inbox.take()) {
    found.push(m.map((part) => Buffer.from(part).toString('latin1')));
    inbox.settle(false);
  }
  return found;
};
const never = () => false;

describe('the inbox', () => {
  it('gives every message, however the bytes lie in files and connections', () => {
    const message = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 3 });
    const connection = fc.record({
      messages: fc.array(message, { maxLength: 8 }),
      cuts: fc.array(fc.nat(3000), { maxLength: 4 }),
      torn: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(connection, { minLength: 1, maxLength: 3 }), (connections) => {
        fresh();
        let start = 0;
        for (const [index, { messages, cuts, torn }] of connections.entries()) {
          const last = index === connections.length - 1;
          const rest = last ? Buffer.alloc(0) : wire([Buffer.alloc(300), Buffer.alloc(300)]).subarray(0, torn);
          const bytes = Buffer.concat([HANDSHAKE, ...messages.map(wire), rest]);
          const marks = [...new Set(cuts.filter((cut) => cut > 0 && cut < bytes.length))].sort((a, b) => a - b);
          let from = 0;
          for (const to of [...marks, bytes.length]) {
            start = put(start, from === 0, bytes.subarray(from, to));
            from = to;
          }
        }
        const inbox = new Inbox(directory, never);
        const expected = connections.flatMap(({ messages }) =>
          messages.map((m) => m.map((p) => Buffer.from(p).toString('latin1'))),
        );
        expect(all(inbox)).toEqual(expected);
        inbox.close();
        const again = new Inbox(directory, never);
        expect(all(again)).toEqual([]);
        again.close();
      }),
      { numRuns: 100 },
    );
  });

  it('gives a message once it is whole, as the file grows', () => {
    fresh();
    const bytes = Buffer.concat([HANDSHAKE, wire(text('stdout', 'one')), wire(text('stdout', 'x'.repeat(500)))]);
    const inbox = new Inbox(directory, never);
    const seen: number[] = [];
    for (let end = 0; end <= bytes.length; end++) {
      put(0, true, bytes.subarray(0, end));
      if (inbox.take()) seen.push(end);
    }
    expect(seen).toEqual([HANDSHAKE.length + 13, bytes.length]);
    inbox.close();
  });

  it('takes a message again whose record was not written, and no other', () => {
    fresh();
    put(0, true, Buffer.concat([HANDSHAKE, ...['a', 'b', 'c'].map((t) => wire(text('stdout', t)))]));
    const first = new Inbox(directory, never);
    first.take();
    first.intend(4, 1, 1);
    first.settle(true);
    first.take();
    first.intend(4, 2, 2);
    first.close();
    const lost = new Inbox(directory, (run, seq) => run === 4 && seq <= 1);
    expect(lost.take()).toEqual(text('stdout', 'b'));
    lost.intend(4, 2, 2);
    lost.close();
    const kept = new Inbox(directory, (run, seq) => run === 4 && seq <= 2);
    expect(kept.take()).toEqual(text('stdout', 'c'));
    kept.close();
  });

  it('removes files that are dealt with, and room is made within a message that is too large', () => {
    fresh();
    const mib = 1024 * 1024;
    const bytes = Buffer.concat([
      HANDSHAKE,
      wire(text('status', '')),
      wire([Buffer.from('stdout'), Buffer.alloc(20 * mib, 'x')]),
    ]);
    const inbox = new Inbox(directory, never);
    for (let at = 0; at < bytes.length - mib; at += mib) {
      put(at, at === 0, bytes.subarray(at, at + mib));
      if (at === 0) expect(inbox.take()).toEqual(text('status', ''));
      else expect(inbox.take()).toBeUndefined();
      expect(readdirSync(directory).length).toBeLessThanOrEqual(15);
    }
    const left = Math.floor((bytes.length - 1) / mib) * mib;
    put(left - mib, false, bytes.subarray(left - mib, left));
    put(left, false, bytes.subarray(left));
    const [, payload] = inbox.take()!;
    expect(payload!.length).toBe(10 * mib);
    inbox.settle(false);
    expect(readdirSync(directory).sort()).toEqual([streamFileName(left, false), 'position'].sort());
    inbox.close();
  });

  it('joins console output of one stream that is there, and nothing else', () => {
    fresh();
    const messages = [
      text('stdout', 'a'),
      text('stdout', 'b'),
      text('stderr', 'c'),
      text('status', ''),
      text('stdout', 'd'),
      text('stdout', 'e'),
    ];
    put(0, true, Buffer.concat([HANDSHAKE, ...messages.map(wire)]));
    const inbox = new Inbox(directory, never);
    const joined = Array.from({ length: 5 }, () => takeJoined(inbox)?.map((part) => Buffer.from(part).toString()));
    expect(joined).toEqual([['stdout', 'ab'], ['stderr', 'c'], ['status', ''], ['stdout', 'de'], undefined]);
    inbox.close();
  });
});
