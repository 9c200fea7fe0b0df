export interface HostPort {
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Addresses as --etcd-addr has them (seed spec 2): `HOST:PORT`, several separated by commas, each split at its last colon; brackets of
 * IPv6 are stripped; ports 1 to 65535. Throws an Error that says what is wrong and with which part.
 */
export function parseEtcdAddresses(text: string): readonly HostPort[] {
  return text.split(',').map((part) => parseOne(part.trim()));
}

function parseOne(text: string): HostPort {
  if (text.includes('@')) throw new Error('user and password belong into settings of their own, not into the address');
  const at = text.lastIndexOf(':');
  const quoted = JSON.stringify(text);
  if (at < 0) throw new Error(`${quoted} has no port; it must be HOST:PORT`);
  const host = text.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  if (!/^[^\s/@[\]]+$/.test(host)) throw new Error(`${quoted} has no host that could be one; it must be HOST:PORT`);
  const digits = text.slice(at + 1);
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port < 1 || port > 65535) throw new Error(`${quoted} has a port outside 1 to 65535`);
  return { host, port };
}
