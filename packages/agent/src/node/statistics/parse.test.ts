import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBlkio, parseCount, parseCpuStat, parseIoStat, parseNetDev } from './parse.js';

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    9000      90    0    0    0     0          0         0     9000      90    0    0    0     0       0          0
  eth0:     376       4    0    0    0     0          0         0      128       2    0    0    0     0       0          0
  eth1:18446744073709551615 4    0    0    0     0          0         0        2       2    0    0    0     0       0          0
`;

describe('a count', () => {
  it.each([
    ['24640419\n', 24_640_419],
    ['0\n', 0],
    ['18446744073709551615\n', 2 ** 64],
    ['max\n', null],
    ['', null],
    ['-1\n', null],
    ['1e3\n', null],
    ['0x10\n', null],
    ['99999999999999999999\n', null],
    ['1\n2\n', null],
  ])('%j is %s', (text, expected) => expect(parseCount(text)).toBe(expected));
});

describe('cpu.stat', () => {
  it('gives nanoseconds', () => {
    expect(parseCpuStat('usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n')).toBe(1_234_567_000);
  });

  it('gives nothing without its line', () => {
    expect(parseCpuStat('user_usec 1000000\nnot_usage_usec 5\n')).toBeNull();
  });
});

describe('blkio.throttle.io_service_bytes', () => {
  it('is summed over devices, without totals', () => {
    const text = '8:0 Read 100\n8:0 Write 20\n8:0 Sync 120\n8:0 Total 120\n254:16 Read 3\n254:16 Write 4\nTotal 127\n';
    expect(parseBlkio(text)).toEqual({ read: 103, write: 24 });
  });

  it('is zero where only a total is', () => {
    expect(parseBlkio('Total 0\n')).toEqual({ read: 0, write: 0 });
  });

  it('is missing where nothing is', () => {
    expect(parseBlkio('')).toBeNull();
  });
});

describe('io.stat', () => {
  it('is summed over devices', () => {
    const text =
      '254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=7 dios=1\n254:16 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0\n';
    expect(parseIoStat(text)).toEqual({ read: 4097, write: 8194 });
  });

  it('is zero before the first transfer', () => {
    expect(parseIoStat('')).toEqual({ read: 0, write: 0 });
  });

  it('is missing where it holds something else', () => {
    expect(parseIoStat('254:0 cost.usage=3\n')).toBeNull();
  });
});

describe('net/dev', () => {
  it('is summed over all interfaces but loopback', () => {
    expect(parseNetDev(NET_DEV)).toEqual({ rx: 376 + 2 ** 64, tx: 130 });
  });

  it('is missing where the file is something else', () => {
    expect(parseNetDev('')).toBeNull();
    expect(parseNetDev('eth0: 1 2 3 4 5 6 7 8 9\n')).toBeNull();
  });

  it('passes over a line that is cut', () => {
    expect(parseNetDev(NET_DEV.slice(0, NET_DEV.indexOf('      128')))).toEqual({ rx: 0, tx: 0 });
  });
});

describe('whatever a file holds', () => {
  const words = fc.constantFrom(
    '8:0',
    'Read',
    'Write',
    'Total',
    'usage_usec',
    'rbytes=',
    'wbytes=9',
    'lo:',
    'Inter-|',
    '-1',
    '1e400',
    '__proto__',
    ' ',
    '\n',
    ':',
  );
  const garbage = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(words, fc.nat().map(String))).map((all) => all.join(' ')),
  );

  it.each(Object.entries({ parseCount, parseCpuStat, parseBlkio, parseIoStat, parseNetDev }))(
    '%s gives a count or nothing',
    (_, parse) => {
      fc.assert(
        fc.property(garbage, fc.boolean(), (text, headed) => {
          const result = parse(headed ? `Inter-|\n${text}` : text);
          const values = result === null || typeof result === 'number' ? [result] : Object.values(result as object);
          for (const value of values) expect(value === null || (Number.isFinite(value) && (value as number) >= 0)).toBe(true);
        }),
      );
    },
  );
});
