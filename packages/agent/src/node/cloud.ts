/** Where this machine is, and what a manager of 2018 calls it (seed spec 3.1): by its cloud, else by its own name. */
import { withDeadline } from '@berth/base';
import { askMetadata, cloudOf, type Ask, type Cloud } from './cloud-metadata.js';

export interface DetectedIdentity {
  readonly cloud: Cloud;
  readonly instanceId: string;
  readonly ip: string;
  readonly instanceType: string;
  readonly region: string;
}

/** What is known already, and then not looked for. */
export interface KnownIdentity {
  readonly instanceId?: string | undefined;
  readonly ip?: string | undefined;
}

/** The machine, as far as it is asked. */
export interface IdentitySources {
  /** Text of a file; undefined when it cannot be read. */
  readFile(path: string): Promise<string | undefined>;
  /** Body of an answer with status 200; anything else, and a body above 64 KiB, rejects. */
  fetch(
    url: string,
    request: { readonly method: string; readonly headers: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<string>;
  hostname(): string;
  /** First IPv4 address of a name; rejects when it has none. */
  lookup(name: string): Promise<string>;
}

/** Of each request: metadata services answer at once, or are not there. */
export const METADATA_MS = 200;
/** A resolver without a network would take many seconds. */
const LOOKUP_MS = 2000;

const BIOS_VERSION = '/sys/devices/virtual/dmi/id/bios_version';
const LEASES = '/var/lib/dhcp/dhclient.eth0.leases';

/**
 * Never rejects: what cannot be found out has its fall-back. When id and address are known, nothing is asked of the network.
 *
 * @param region what to say outside clouds
 */
export async function detectIdentity(known: KnownIdentity, region: string, sources: IdentitySources): Promise<DetectedIdentity> {
  const hostname = sources.hostname();
  const cloud = cloudOf(await sources.readFile(BIOS_VERSION), await sources.readFile(LEASES));
  const asked = known.instanceId !== undefined && known.ip !== undefined;
  const metadata = asked || cloud === 'unknown' ? {} : await askMetadata(cloud, patient(sources));
  return {
    cloud,
    instanceId: known.instanceId ?? metadata.instanceId ?? `i-${hostname}`,
    ip: known.ip ?? metadata.ip ?? (cloud === 'unknown' ? await ownAddress(hostname, sources) : '127.0.0.1'),
    instanceType: metadata.instanceType ?? 'unknown',
    region: cloud === 'unknown' ? region : (metadata.region ?? `${cloud}/unknown`),
  };
}

/** No answer is an answer, too. */
const patient =
  (sources: IdentitySources): Ask =>
  (url, headers = {}, method = 'GET') =>
    withDeadline('the metadata service', METADATA_MS, (signal) => sources.fetch(url, { method, headers }, signal)).catch(
      () => undefined,
    );

async function ownAddress(hostname: string, sources: IdentitySources): Promise<string> {
  return withDeadline('the name service', LOOKUP_MS, () => sources.lookup(hostname)).catch(() => '127.0.0.1');
}
