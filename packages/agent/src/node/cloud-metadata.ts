/** What the metadata services of clouds say about a machine. Their answers are checked: whoever is in the network may give them. */
import { isIP } from 'node:net';

export type Cloud = 'amazon' | 'azure' | 'google' | 'unknown';

/** Undefined: the service did not say. */
export interface Metadata {
  readonly instanceId?: string | undefined;
  readonly ip?: string | undefined;
  readonly instanceType?: string | undefined;
  /** With the cloud in front: `amazon/eu-west-1`. */
  readonly region?: string | undefined;
}

/** Body of an answer; undefined when there is none. */
export type Ask = (url: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<string | undefined>;

const LINK_LOCAL = 'http://169.254.169.254';

/** From the version of the BIOS and the DHCP leases; undefined where there is no such file. */
export function cloudOf(biosVersion: string | undefined, leases: string | undefined): Cloud {
  const bios = biosVersion?.toLowerCase() ?? '';
  if (bios.includes('google')) return 'google';
  if (bios.includes('amazon')) return 'amazon';
  return leases?.includes('unknown-245') ? 'azure' : 'unknown';
}

export async function askMetadata(cloud: Exclude<Cloud, 'unknown'>, ask: Ask): Promise<Metadata> {
  switch (cloud) {
    case 'amazon':
      return amazon(ask);
    case 'azure':
      return azure(ask);
    case 'google':
      return google(ask);
  }
}

/** Version 2 of the service, which wants a token, where it is there. */
async function amazon(ask: Ask): Promise<Metadata> {
  const token = word(await ask(`${LINK_LOCAL}/latest/api/token`, { 'x-aws-ec2-metadata-token-ttl-seconds': '60' }, 'PUT'));
  const headers = token === undefined ? {} : { 'x-aws-ec2-metadata-token': token };
  const document = json(await ask(`${LINK_LOCAL}/latest/dynamic/instance-identity/document`, headers));
  return {
    instanceId: word(at(document, 'instanceId')),
    ip: address(at(document, 'privateIp')),
    instanceType: word(at(document, 'instanceType')),
    region: below('amazon', word(at(document, 'region'))),
  };
}

async function azure(ask: Ask): Promise<Metadata> {
  const document = json(await ask(`${LINK_LOCAL}/metadata/instance?api-version=2017-04-02`, { metadata: 'true' }));
  return {
    instanceId: word(at(document, 'compute', 'vmId')),
    ip: address(at(document, 'network', 'interface', '0', 'ipv4', 'ipAddress', '0', 'privateIpAddress')),
    instanceType: word(at(document, 'compute', 'vmSize')),
    region: below('azure', word(at(document, 'compute', 'location'))),
  };
}

/** One by one: in one document the id would be a number that JavaScript cannot hold. */
async function google(ask: Ask): Promise<Metadata> {
  const read = (what: string) =>
    ask(`http://metadata.google.internal/computeMetadata/v1/instance/${what}`, { 'metadata-flavor': 'Google' });
  const [id, ip, type, zone] = await Promise.all(['id', 'network-interfaces/0/ip', 'machine-type', 'zone'].map(read));
  // `projects/123/zones/europe-west1-b`
  const last = (text: string | undefined) => word(text?.trim().split('/').at(-1));
  return {
    instanceId: word(id),
    ip: address(ip?.trim()),
    instanceType: last(type),
    region: below('google', last(zone)?.replace(/-[^-]*$/, '')),
  };
}

/** Fit for keys in etcd. */
function word(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return /^[\w.=+-]{1,200}$/.test(text) ? text : undefined;
}

const address = (value: unknown): string | undefined => (typeof value === 'string' && isIP(value) ? value : undefined);
const below = (cloud: Cloud, part: string | undefined) => (part === undefined ? undefined : `${cloud}/${part}`);

function json(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inside, key) =>
      typeof inside === 'object' && inside !== null && Object.hasOwn(inside, key)
        ? (inside as Record<string, unknown>)[key]
        : undefined,
    value,
  );
