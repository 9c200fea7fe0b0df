import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { DEFAULT_MSGPACK_LIMITS } from './msgpack-limits.js';
import { pack } from './msgpack-writer.js';
import { parseRequest, replyHeader } from './rpc-frames.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const route = hex('00 6b8b4567');
/** What aiozmq 1.0.0 sent for `client.call.ping('hi')`. */
const header = hex('be2a 7f31 01000000 c7d7bd4be0a4da41');
const ping = [route, header, Buffer.from('ping'), hex('91 a26869'), hex('80')];
const replaced = (index: number, frame: Buffer) => ping.map((original, at) => (at === index ? frame : original));
const parse = (frames: readonly Buffer[]) => parseRequest(frames, DEFAULT_MSGPACK_LIMITS);

describe('request', () => {
  it('is read as aiozmq writes it', () => {
    expect(parse(ping)).toEqual({ route: [route], id: 1, method: 'ping', args: ['hi'], kwargs: {}, bytes: 25 });
  });

  it('keeps the way back through a proxy', () => {
    expect(parse([Buffer.from('proxy'), ...ping])).toMatchObject({ route: [Buffer.from('proxy'), route], id: 1 });
  });

  it.each([
    ['nothing', [], 'frame-count'],
    ['no arguments', ping.slice(0, 3), 'frame-count'],
    ['no keyword arguments', ping.slice(0, 4), 'frame-count'],
    ['endless frames', [...Array<Buffer>(1000).fill(route), ...ping], 'frame-count'],
    ['one frame too many', [...ping, Buffer.alloc(0)], 'header'],
    ['a short header', replaced(1, header.subarray(1)), 'header'],
    ['a long header', replaced(1, Buffer.alloc(17)), 'header'],
    ['a name that is not UTF-8', replaced(2, hex('ff')), 'method'],
    ['an endless name', replaced(2, Buffer.alloc(1000, 'x')), 'method'],
    ['arguments that are no list', replaced(3, hex('80')), 'arguments'],
    ['arguments that are no msgpack', replaced(3, hex('c1')), 'arguments'],
    ['a pickle', replaced(3, hex('91 c7047f80044e2e')), 'arguments'],
    ['keyword arguments that are a list', replaced(4, hex('90')), 'arguments'],
    ['keyword arguments that are nil', replaced(4, hex('c0')), 'arguments'],
    ['keyword arguments that are bytes', replaced(4, hex('c400')), 'arguments'],
    ['a keyword that is no text', replaced(4, hex('810101')), 'arguments'],
    ['too much', replaced(3, pack([Buffer.alloc(DEFAULT_MSGPACK_LIMITS.bytes)])), 'oversized'],
  ])('with %s is dropped', (_, frames, why) => {
    expect(parse(frames)).toBe(why);
  });

  it('of any frames is read or refused, and never throws', () => {
    const frames = fc.array(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      { maxLength: 7 },
    );
    fc.assert(fc.property(frames, (some) => void parse(some)));
  });
});

describe('reply header', () => {
  it('echoes the request id between process id, random number, time and the mark of an error', () => {
    const made = replyHeader({ id: 0xfffffffe, isError: true, now: 1_700_000_000_500, pid: 0x12345, random: 0xabcd });
    expect(made.toString('hex')).toBe('4523' + 'cdab' + 'feffffff' + '00002040fc54d941' + '01');
    expect(replyHeader({ id: 1, isError: false, now: 0, pid: 1, random: 0 }).toString('hex')).toBe(
      '0100' + '0000' + '01000000' + '0000000000000000' + '00',
    );
  });
});
