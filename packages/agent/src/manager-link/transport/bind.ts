import { type Socket } from 'zeromq';
import { BerthError } from '@berth/wire';

/** ZeroMQ itself takes port 99999 for 34463. */
const LARGEST_PORT = 65_535;
const IPV4_HOST = /^tcp:\/\/\d+\.\d+\.\d+\.\d+:/;
/** Of a machine where IPv6 is compiled in, but switched off. */
const NO_IPV6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENODEV'];

/**
 * A socket of `make`'s that listens on `address`; `*` means every address of both families, or of IPv4 where there is no other.
 * Rejects with `port-in-use`, or `bad-config` when this machine has no such address.
 */
export async function bindSocket<S extends Socket>(address: string, make: () => S): Promise<S> {
  if (!hasPort(address)) return fail(address, new Error('there is no such port'));
  if (IPV4_HOST.test(address)) return attempt(address, make, false).catch((error: unknown) => fail(address, error));
  try {
    return await attempt(address, make, true);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!address.startsWith('tcp://*:') || !NO_IPV6.includes(code ?? '')) return fail(address, error);
    return attempt(address, make, false).catch((second: unknown) => fail(address, second));
  }
}

/** Whether `address` ends in a port that there is; 0 and `*` stand for a free one. */
export function hasPort(address: string): boolean {
  const port = address.slice(address.lastIndexOf(':') + 1);
  return port === '*' || (/^\d{1,5}$/.test(port) && Number(port) <= LARGEST_PORT);
}

async function attempt<S extends Socket>(address: string, make: () => S, ipv6: boolean): Promise<S> {
  const socket = make();
  try {
    socket.ipv6 = ipv6;
    await socket.bind(address);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function fail(address: string, error: unknown): never {
  const cause = error instanceof Error ? error : new Error(String(error));
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
    throw new BerthError('port-in-use', `${address} is taken by another program.`, {
      fix: 'Stop it, or choose another port with --agent-port.',
      cause,
    });
  throw new BerthError('bad-config', `Cannot listen on ${address}: ${cause.message}.`, {
    fix: 'Give an address of this machine, for example tcp://*:6001.',
    cause,
  });
}
