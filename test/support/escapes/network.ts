/** Networks: the machine's services, its interfaces, what is told of it in a cloud. */
import { depends, held, open, verdicts, type Attempt } from './attempt.js';

const NONE = 'a network namespace of its own with nothing but a loopback';
const OWN = 'a network namespace of its own';
const REFUSED = held('the driver has no bridge, and says so');
const MEANT = open("network `host` is the machine's network, as asked for");

/** Whether there is a way to an address: a datagram socket looks for one when it is connected, and sends nothing. */
const WAY = `
def way(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as s: s.connect((address, 80))`;
const METADATA = `${WAY}
return first(('ipv4', lambda: way(socket.AF_INET, '169.254.169.254')), ('ipv6', lambda: way(socket.AF_INET6, 'fd00:ec2::254')))`;
const LOOPBACK = `
return first(('ipv4', lambda: socket.create_connection(('127.0.0.1', facts['port']), 2).close()))`;
const ABSTRACT = `
return first(('stream', lambda: connect('\\0' + facts['abstract'])))`;

export const NETWORK: readonly Attempt[] = [
  { id: 'loopback', title: "reach services on the machine's loopback address", code: LOOPBACK, verdicts: verdicts(held(NONE)) },
  {
    id: 'loopback-bridge',
    title: 'the same with network `bridge`',
    network: 'bridge',
    code: LOOPBACK,
    verdicts: verdicts(held(OWN), REFUSED),
  },
  { id: 'loopback-host', title: 'the same with network `host`', network: 'host', code: LOOPBACK, verdicts: verdicts(MEANT) },
  { id: 'abstract-sockets', title: 'reach abstract Unix sockets of the machine', code: ABSTRACT, verdicts: verdicts(held(NONE)) },
  {
    id: 'abstract-sockets-bridge',
    title: 'the same with network `bridge`',
    network: 'bridge',
    code: ABSTRACT,
    verdicts: verdicts(held(OWN), REFUSED),
  },
  {
    id: 'abstract-sockets-host',
    title: 'the same with network `host`',
    network: 'host',
    code: ABSTRACT,
    verdicts: verdicts(MEANT),
  },
  {
    id: 'metadata',
    title: 'find a way to the metadata address of a cloud',
    code: METADATA,
    uncontrolled: 'the bare machine need not have a network',
    verdicts: verdicts(held(NONE)),
  },
  {
    id: 'metadata-bridge',
    title: 'the same with network `bridge`',
    network: 'bridge',
    code: METADATA,
    uncontrolled: 'the bare machine need not have a network',
    verdicts: verdicts(open('Berth sets no rule: block 169.254.169.254 for the bridge on a machine in a cloud'), REFUSED),
  },
  {
    id: 'metadata-host',
    title: 'the same with network `host`',
    network: 'host',
    code: METADATA,
    uncontrolled: 'the bare machine need not have a network',
    verdicts: verdicts(depends('network `host` reaches what the machine reaches')),
  },
  {
    id: 'interfaces',
    title: 'see network interfaces of the machine, or who is connected to it',
    code: `
seen = [name for _, name in socket.if_nameindex() if name in facts['interfaces']]
listening = ':%04X ' % facts['port'] in open('/proc/net/tcp').read()
return ', '.join(seen) or ('connections' if listening else None)`,
    verdicts: verdicts(held(NONE)),
  },
  {
    id: 'raw-sockets',
    title: 'read packets, or send made-up ones',
    code: `
return first(('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()),
    ('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW).close()))`,
    verdicts: verdicts(held('needs CAP_NET_RAW')),
  },
  {
    id: 'vsock',
    title: 'speak to the hypervisor (AF_VSOCK)',
    code: `return first(('socket', lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()))`,
    uncontrolled: 'not every kernel has them',
    verdicts: verdicts(depends("Docker's seccomp profile, from 23.0 on"), held("the driver's seccomp filter")),
  },
  {
    id: 'kernel-ciphers',
    title: "use the kernel's ciphers (AF_ALG), a way out before (CVE-2026-31431)",
    code: `return first(('socket', lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close()))`,
    uncontrolled: 'not every kernel has them',
    verdicts: verdicts(depends("Docker's seccomp profile, in newest versions"), held("the driver's seccomp filter")),
  },
];
