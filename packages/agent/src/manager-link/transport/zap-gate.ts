/**
 * Who may connect. ZeroMQ asks a handler inside the process about every connection before it takes a message of it (ZAP,
 * https://rfc.zeromq.org/spec/27/); ours looks at the peer's address alone, since manager 1.4 knows neither keys nor passwords.
 */
import { BlockList, isIP } from 'node:net';
import { Context, Reply } from 'zeromq';
import { BerthError } from '@berth/wire';
import { sleep, systemClock, type Clock } from '@berth/base';
import { type Logger } from '../../ports/logger.js';
import { QuietWarnings } from './quiet-warnings.js';

const HANDLER = 'inproc://zeromq.zap.01';
const VERSION = '1.0';
/** A name must be there for ZeroMQ to ask at all, and is the same for every socket behind the gate. */
const DOMAIN = 'berth';
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** What a socket is made with to stand behind the gate: `new Router({ ...gate.socketOptions, linger: 200 })`. */
export interface GatedSocketOptions {
  readonly context: Context;
  readonly zapDomain?: string;
  readonly zapEnforceDomain?: boolean;
}

export interface ZapGate {
  /** Undefined when everybody may connect. */
  readonly domain: string | undefined;
  readonly socketOptions: GatedSocketOptions;
  /** Number of connections turned away so far. */
  readonly refused: number;
  /** Afterwards nobody may connect to sockets behind the gate; connections that are there stay. */
  close(): void;
}

export interface ZapGateOptions {
  /** Networks (`10.0.0.0/8`, `fd00::/8`) and single addresses. Empty: everybody may connect. */
  readonly allow: readonly string[];
  readonly logger: Logger;
  readonly clock?: Clock;
}

/**
 * Opens a gate in a ZeroMQ context of its own, because a context has one handler. Rejects with `bad-config` for what is not a
 * network.
 */
export async function createZapGate({ allow, logger, clock = systemClock }: ZapGateOptions): Promise<ZapGate> {
  const context = new Context();
  if (allow.length === 0) return { domain: undefined, socketOptions: { context }, refused: 0, close() {} };
  const allowed = parseNetworks(allow);
  const handler = new Reply({ context, linger: 0 });
  await handler.bind(HANDLER);
  const warnings = new QuietWarnings(logger, clock);
  void answer(handler, allowed, warnings, clock);
  return {
    domain: DOMAIN,
    // Enforced: a connection that comes when no handler is there is turned away, too.
    socketOptions: { context, zapDomain: DOMAIN, zapEnforceDomain: true },
    get refused() {
      return warnings.counts['refused'] ?? 0;
    },
    close: () => handler.close(),
  };
}

/** The list of `networks`. Throws `bad-config` that names the first which is none. */
export function parseNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, prefix, ...rest] = network.trim().split('/') as [string, string?, ...string[]];
    const version = isIP(address);
    const bits = prefix === undefined ? longest(version) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
    if (version === 0 || rest.length > 0 || !(bits <= longest(version)))
      throw new BerthError('bad-config', `\`${network}\` is not a network.`, {
        fix: 'Give addresses or networks in CIDR form, for example 10.0.0.0/8.',
      });
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

const longest = (version: number) => (version === 4 ? 32 : 128);

/** Whether `address`, as ZeroMQ tells it, is in the list. What is no address (another transport) is not. */
export function isAllowed(allowed: BlockList, address: string): boolean {
  // A socket for both families sees an IPv4 peer as an IPv6 address.
  const plain = address.replace(MAPPED, '');
  const version = isIP(plain);
  return version !== 0 && allowed.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

async function answer(handler: Reply, allowed: BlockList, warnings: QuietWarnings, clock: Clock): Promise<void> {
  for (;;) {
    try {
      const [version, request, , address] = await handler.receive();
      const peer = address?.toString() ?? '';
      const allow = version?.toString() === VERSION && isAllowed(allowed, peer);
      if (!allow) warnings.note('refused', 'a connection was turned away: its address is not allowed', { peer });
      await handler.send([VERSION, request ?? '', ...(allow ? ['200', 'OK'] : ['400', 'not allowed']), '', '']);
    } catch (error) {
      if (handler.closed) return;
      warnings.note('handler', 'a question about a connection could not be answered', { err: error });
      // It may be so for long, and must not cost a core.
      await sleep(100, undefined, clock);
    }
  }
}
