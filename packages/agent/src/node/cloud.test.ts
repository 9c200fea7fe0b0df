import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { detectIdentity, type IdentitySources } from './cloud.js';
import { machineSources } from './cloud-sources.js';

interface World {
  readonly files?: Readonly<Record<string, string>>;
  /** Answers by method and URL; the rest hangs, as metadata services do that are not there. */
  readonly answers?: Readonly<Record<string, string>>;
  readonly address?: string;
}

const BIOS = '/sys/devices/virtual/dmi/id/bios_version';
const LEASES = '/var/lib/dhcp/dhclient.eth0.leases';

function machine({ files = {}, answers = {}, address }: World) {
  const asked: string[] = [];
  const headers: Readonly<Record<string, string>>[] = [];
  const sources: IdentitySources = {
    readFile: (path) => Promise.resolve(files[path]),
    fetch(url, request, signal) {
      asked.push(`${request.method} ${url}`);
      headers.push(request.headers);
      const answer = answers[`${request.method} ${url}`];
      if (answer !== undefined) return Promise.resolve(answer);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    },
    hostname: () => 'h1',
    lookup(name) {
      asked.push(`lookup ${name}`);
      return address === undefined ? Promise.reject(new Error('no such name')) : Promise.resolve(address);
    },
  };
  return { sources, asked, headers };
}

const DOCUMENT = 'GET http://169.254.169.254/latest/dynamic/instance-identity/document';
const TOKEN = 'PUT http://169.254.169.254/latest/api/token';
const AZURE = 'GET http://169.254.169.254/metadata/instance?api-version=2017-04-02';
const GOOGLE = 'GET http://metadata.google.internal/computeMetadata/v1/instance/';

const AMAZON_FILES = { [BIOS]: '4.2.Amazon\n' };
const AMAZON = JSON.stringify({ instanceId: 'i-0abc', privateIp: '172.31.0.5', instanceType: 'm5.large', region: 'eu-west-1' });

describe('detectIdentity', () => {
  it.each<[string, World, object]>([
    [
      'outside clouds',
      { files: { [BIOS]: '1.0' }, address: '10.0.0.5' },
      { cloud: 'unknown', instanceId: 'i-h1', ip: '10.0.0.5', instanceType: 'unknown', region: 'local/here' },
    ],
    ['outside clouds, without a name service', {}, { instanceId: 'i-h1', ip: '127.0.0.1', region: 'local/here' }],
    [
      'amazon',
      { files: AMAZON_FILES, answers: { [TOKEN]: 'tok', [DOCUMENT]: AMAZON } },
      { cloud: 'amazon', instanceId: 'i-0abc', ip: '172.31.0.5', instanceType: 'm5.large', region: 'amazon/eu-west-1' },
    ],
    ['amazon without tokens', { files: AMAZON_FILES, answers: { [DOCUMENT]: AMAZON } }, { instanceId: 'i-0abc' }],
    [
      'amazon that does not answer',
      { files: AMAZON_FILES, address: '10.0.0.5' },
      { cloud: 'amazon', instanceId: 'i-h1', ip: '127.0.0.1', instanceType: 'unknown', region: 'amazon/unknown' },
    ],
    [
      'amazon with answers that cannot be',
      {
        files: AMAZON_FILES,
        answers: { [DOCUMENT]: '{"instanceId":"../x y","privateIp":"host","instanceType":7,"region":{"a":1}}' },
      },
      { instanceId: 'i-h1', ip: '127.0.0.1', instanceType: 'unknown', region: 'amazon/unknown' },
    ],
    ['amazon with an answer that is no JSON', { files: AMAZON_FILES, answers: { [DOCUMENT]: '<html>' } }, { instanceId: 'i-h1' }],
    [
      'azure',
      {
        files: { [BIOS]: 'Hyper-V', [LEASES]: 'option unknown-245 a8:3f:81:10;' },
        answers: {
          [AZURE]: JSON.stringify({
            compute: { vmId: 'ab-12', vmSize: 'Standard_A1', location: 'westus' },
            network: { interface: [{ ipv4: { ipAddress: [{ privateIpAddress: '10.1.0.4' }] } }] },
          }),
        },
      },
      { cloud: 'azure', instanceId: 'ab-12', ip: '10.1.0.4', instanceType: 'Standard_A1', region: 'azure/westus' },
    ],
    ['azure that does not answer', { files: { [LEASES]: 'unknown-245' } }, { region: 'azure/unknown', ip: '127.0.0.1' }],
    [
      'google, with an id that is no JavaScript number',
      {
        files: { [BIOS]: 'Google' },
        answers: {
          [`${GOOGLE}id`]: '4520031799277581759',
          [`${GOOGLE}network-interfaces/0/ip`]: '10.128.0.2\n',
          [`${GOOGLE}machine-type`]: 'projects/1/machineTypes/n1-standard-1',
          [`${GOOGLE}zone`]: 'projects/1/zones/asia-northeast1-a',
        },
      },
      {
        cloud: 'google',
        instanceId: '4520031799277581759',
        ip: '10.128.0.2',
        instanceType: 'n1-standard-1',
        region: 'google/asia-northeast1',
      },
    ],
    ['google that does not answer', { files: { [BIOS]: 'Google' } }, { instanceId: 'i-h1', region: 'google/unknown' }],
  ])('%s', async (_what, world, expected) => {
    expect(await detectIdentity({}, 'local/here', machine(world).sources)).toMatchObject(expected);
  });

  it('asks nobody when id and address are known', async () => {
    const { sources, asked } = machine({ files: AMAZON_FILES, answers: { [DOCUMENT]: AMAZON } });
    const identity = await detectIdentity({ instanceId: 'i-mine', ip: '10.9.9.9' }, 'local/here', sources);
    expect(identity).toMatchObject({ instanceId: 'i-mine', ip: '10.9.9.9', region: 'amazon/unknown' });
    expect(asked).toEqual([]);
  });

  it('prefers what is known to what a cloud says', async () => {
    const { sources, headers } = machine({ files: AMAZON_FILES, answers: { [TOKEN]: 'tok', [DOCUMENT]: AMAZON } });
    expect(await detectIdentity({ instanceId: 'i-mine' }, 'local/here', sources)).toMatchObject({
      instanceId: 'i-mine',
      ip: '172.31.0.5',
    });
    expect(headers.at(-1)).toEqual({ 'x-aws-ec2-metadata-token': 'tok' });
  });
});

describe('the machine', () => {
  async function served<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }
  const get = (url: string) =>
    machineSources.fetch(url, { method: 'GET', headers: { 'metadata-flavor': 'Google' } }, AbortSignal.timeout(5000));

  it('is asked over HTTP, with the headers', async () => {
    expect(await served((request, response) => response.end(request.headers['metadata-flavor']), get)).toBe('Google');
  });

  it.each<[string, RequestListener]>([
    ['another status', (_request, response) => response.writeHead(404).end('x')],
    ['a redirection', (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a flood', (_request, response) => response.end(Buffer.alloc(65 * 1024))],
  ])('takes no answer with %s', async (_what, listener) => {
    await expect(served(listener, get)).rejects.toThrow();
  });

  it('has files that may be missing, and a name', async () => {
    expect(await machineSources.readFile('/proc/none')).toBe(undefined);
    expect(await machineSources.readFile('/proc/sys/kernel/ostype')).toBe('Linux\n');
    expect(await machineSources.lookup('localhost')).toBe('127.0.0.1');
  });
});
