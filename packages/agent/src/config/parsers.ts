/**
 * From text to typed values. Every parser throws an Error whose message goes on a sentence that names setting and value: "it must ...".
 * None puts the value itself, which may be a secret, into the message.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Cidr, HostPort, PortRange } from './agent-settings.js';

export type Parser<T> = (text: string) => T;

function matching(pattern: RegExp, must: string): Parser<string> {
  return (text) => {
    if (!pattern.test(text)) throw new Error(`it must ${must}`);
    return text;
  };
}

export const anyText: Parser<string> = (text) => text;
/** Relative ones count from the working directory. */
export const path: Parser<string> = (text) => resolve(text);
export const word = matching(/^[^\s\p{Cc}]{1,255}$/u, 'be one word');
/** A part of keys in etcd, of labels and of paths. */
export const keyPart = matching(/^(?!\.{1,2}$)[^\s\p{Cc}/]{1,200}$/u, 'be one word without a slash, of at most 200 characters');
export const host: Parser<string> = (text) =>
  matching(/^[^\s\p{Cc}/@[\]]{1,253}$/u, 'be a host name or an IP address')(text.replace(/^\[(.*)\]$/, '$1'));

export const oneOf =
  <const T extends string>(...known: readonly T[]): Parser<T> =>
  (text) => {
    const found = known.find((value) => value === text);
    if (found === undefined) throw new Error(`it must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`);
    return found;
  };

export const wholeNumber =
  (least: number, most: number): Parser<number> =>
  (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new Error(`it must be a whole number from ${least} to ${most}`);
    return value;
  };

export const port = wholeNumber(1, 65535);

export const numberAbove =
  (least: number, most: number): Parser<number> =>
  (text) => {
    const value = Number(text);
    if (!/^(\d+\.?\d*|\.\d+)$/.test(text) || value <= least || value > most)
      throw new Error(`it must be a number above ${least}, and at most ${most}`);
    return value;
  };

const SWITCHES: Readonly<Record<string, boolean>> = Object.assign(Object.create(null) as Record<string, boolean>, {
  ...{ 1: true, true: true, yes: true, on: true },
  ...{ 0: false, false: false, no: false, off: false },
});

export const onOff: Parser<boolean> = (text) => {
  const value = SWITCHES[text.toLowerCase()];
  if (value === undefined) throw new Error('it must be true or false');
  return value;
};

/** Parts between commas, without the spaces around them. */
export const list =
  <T>(part: Parser<T>): Parser<readonly T[]> =>
  (text) =>
    text === '' ? [] : text.split(',').map((one) => part(one.trim()));

/** Bit i stands for number i. */
export const bitMask: Parser<readonly number[]> = (text) => {
  const digits = /^(?:0x)?([0-9a-f]{1,256})$/i.exec(text)?.[1];
  if (digits === undefined || /^0+$/.test(digits))
    throw new Error('it must be a hexadecimal bit mask with at least one bit, such as 0f');
  return [...digits]
    .reverse()
    .flatMap((digit, i) => [0, 1, 2, 3].filter((bit) => Number.parseInt(digit, 16) & (1 << bit)).map((bit) => 4 * i + bit));
};

export const portRange: Parser<PortRange> = (text) => {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (last === undefined || range.first < 1 || range.last > 65535 || range.first > range.last)
    throw new Error('it must be FIRST-LAST, ports from 1 to 65535');
  return range;
};

/** An address to bind to; `*` is every interface, as it is for ZeroMQ. */
export const bindAddress: Parser<string> = (text) => {
  const address = text === '*' ? '0.0.0.0' : text.replace(/^\[(.*)\]$/, '$1');
  if (!isIP(address)) throw new Error('it must be an IP address of this machine, or * for every interface');
  return address;
};

/** A single address is a range of one. */
export const cidr: Parser<Cidr> = (text) => {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : Number(bits);
  if (version === 0 || more.length > 0 || !/^\d{1,3}$/.test(bits ?? '0') || prefix > most || address.includes('%'))
    throw new Error('it must be addresses or ranges such as 10.0.0.5 or 10.0.0.0/8, with commas between them');
  return { family: version === 6 ? 'ipv6' : 'ipv4', address, prefix };
};

/** Where to listen: `HOST:PORT`, IPv6 in brackets; port 0 takes any. */
export const listenAddress: Parser<HostPort> = (text) => {
  const parts = /^(?<host>\[[0-9a-fA-F:]+\]|[^:\s]+):(?<port>\d{1,5})$/.exec(text)?.groups;
  const number = Number(parts?.['port']);
  if (!parts || number > 65535) throw new Error('it must be HOST:PORT, with a port from 0 to 65535');
  return { host: parts['host']!.replace(/^\[|\]$/g, ''), port: number };
};

/** What 2018 mounted over the runner of an image. */
export const runnerSource: Parser<string> = (text) => {
  if (!/(^|\/)ai\/backend\/*$/.test(text)) throw new Error('it must end in ai/backend');
  return path(text);
};

/** A prefix of keys without slashes at its ends; a slash alone is none. */
export const keyPrefix: Parser<string> = (text) => word(text).replace(/^\/+|\/+$/g, '');

/** Seconds; `null` is without an end, for which the word `endless` stands. */
export const secondsOr =
  (endless: string): Parser<number | null> =>
  (text) => {
    if (text === endless) return null;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > 1e9)
      throw new Error(`it must be a whole number of seconds from 1 up, or ${endless}`);
    return value;
  };

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** A URL without user and password. */
export const serviceUrl: Parser<string> = (text) => {
  const url = parseUrl(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new Error('it must be an http:// or https:// URL without user, password and query');
  return text.replace(/\/+$/, '');
};

/** The address of a Sentry project, as it gives it: `https://KEY@HOST/PROJECT`. */
export const dsn: Parser<string> = (text) => {
  const url = parseUrl(text);
  if (!url || !/^https?:$/.test(url.protocol) || !url.username || !/\/[^/]+$/.test(url.pathname))
    throw new Error('it must have the form https://KEY@HOST/PROJECT');
  return text;
};
