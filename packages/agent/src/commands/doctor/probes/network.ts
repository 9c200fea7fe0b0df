/** A session without network reaches nothing: not the outside, nor what listens on this machine. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { newRunId } from '@berth/wire';
import { green, red, type Finding } from '../finding.js';
import { reportOf, untold, type Probe } from './probe.js';

/** Far away, a service that clouds have for their machines, and our own listeners on this machine. */
const code = (port: number, abstract: string) => `
const { connect } = require('node:net');
const { readFileSync } = require('node:fs');
const targets = {
  'the internet': { host: '1.1.1.1', port: 53 },
  'the metadata service of the cloud': { host: '169.254.169.254', port: 80 },
  'ports of this machine': { host: '127.0.0.1', port: ${port} },
  'abstract sockets of this machine': { path: '\\0${abstract}' },
};
const attempt = ([name, at]) => new Promise((resolve) => {
  const socket = connect({ ...at, timeout: 1000 });
  const end = (reached) => { socket.destroy(); resolve(reached ? [name] : []); };
  socket.on('connect', () => end(true)).on('error', () => end(false)).on('timeout', () => end(false));
});
const interfaces = readFileSync('/proc/net/dev', 'utf8').split('\\n').slice(2).map((line) => line.split(':')[0].trim());
Promise.all(Object.entries(targets).map(attempt)).then((reached) =>
  console.log(JSON.stringify({ interfaces: interfaces.filter((name) => name !== ''), reached: reached.flat() })));
`;

export interface NetworkReport {
  readonly interfaces: readonly string[];
  /** What could be connected to. */
  readonly reached: readonly string[];
}

/** Those that a new network namespace has by itself, and that lead nowhere. */
const DEAD_ENDS = /^(lo|tunl\d+|gre\d+|gretap\d+|erspan\d+|sit\d+|ip6tnl\d+|ip6gre\d+|ip6_vti\d+|ip_vti\d+)$/;

export function judgeNetwork({ interfaces, reached }: NetworkReport): Finding {
  const fix = 'This is a defect in Berth or in the driver; please report it.';
  const more = interfaces.filter((name) => !DEAD_ENDS.test(name));
  if (reached.length > 0) return red(`a session without network reaches ${reached.join(', ')}`, fix);
  if (more.length > 0) return red(`a session without network has the interfaces ${more.join(', ')}`, fix);
  return green('nothing was reached: not the internet, nor ports and sockets of this machine');
}

async function listening(server: Server, where: { port: number; host: string } | { path: string }): Promise<void> {
  server.listen(where);
  await once(server, 'listening');
}

export const network: Probe = {
  id: 'network',
  title: 'network none is none',
  missing: /^The network /,
  async run(bench, signal) {
    const servers = [createServer(), createServer()] as const;
    const abstract = `berth-doctor-${newRunId()}`;
    try {
      for (const server of servers) server.on('connection', (socket) => socket.on('error', () => {}).destroy());
      await listening(servers[0], { port: 0, host: '127.0.0.1' });
      await listening(servers[1], { path: `\0${abstract}` });
      const { port } = servers[0].address() as AddressInfo;
      return await bench.withKernel({ network: 'none' }, signal, async (kernel) => {
        const ran = await bench.run(kernel, code(port, abstract));
        const report = reportOf<NetworkReport>(ran);
        return report ? judgeNetwork(report) : untold(ran);
      });
    } finally {
      for (const server of servers) server.close();
    }
  },
};
