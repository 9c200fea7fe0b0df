/** What of the machine a session must not see: sockets that are root, homes, accounts, other sessions. */
import { green, red, type Finding } from '../finding.js';
import { reportOf, untold, type Probe } from './probe.js';

const SOCKETS = [
  '/var/run/docker.sock',
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/podman/podman.sock',
  '/run/dbus/system_bus_socket',
  '/run/systemd/private',
];

const SECRETS = ['/etc/shadow', '/etc/gshadow', '/etc/sudoers', '/etc/ssh/ssh_host_ed25519_key', '/etc/ssh/ssh_host_rsa_key'];

/** A name is enough for sockets and directories of the node; of files the content counts, of homes what is in them. */
const code = (sockets: readonly string[], own: readonly string[]) => `
const fs = require('node:fs');
const can = (fn) => { try { return fn(); } catch { return false; } };
const there = (path) => can(() => fs.lstatSync(path) && true);
const readable = (path) => can(() => { fs.closeSync(fs.openSync(path, 'r')); return true; });
const within = (path) => can(() => fs.readdirSync(path)) || [];
console.log(JSON.stringify({
  sockets: ${JSON.stringify(sockets)}.filter(there),
  homes: [...within('/root').map((name) => '/root/' + name), ...within('/home').filter((name) => name !== 'work').map((name) => '/home/' + name)].slice(0, 20),
  secrets: ${JSON.stringify(SECRETS)}.filter(readable),
  own: ${JSON.stringify(own)}.filter(there),
}));
`;

export interface HiddenReport {
  readonly sockets: readonly string[];
  readonly homes: readonly string[];
  readonly secrets: readonly string[];
  /** Directories of the node. */
  readonly own: readonly string[];
}

export function judgeHidden({ sockets, homes, secrets, own }: HiddenReport): Finding {
  const seen = [...sockets, ...homes, ...secrets, ...own];
  if (seen.length > 0)
    return red(`a session sees ${seen.slice(0, 5).join(', ')}`, 'This is a defect in Berth or in the driver; please report it.');
  return green("nothing is seen of Docker's socket, homes, accounts and the directories of the node");
}

export const hidden: Probe = {
  id: 'hidden',
  title: 'sockets, homes and accounts are hidden',
  missing: /^Files (that|of) /,
  run: (bench, signal) =>
    bench.withKernel({}, signal, async (kernel) => {
      const { docker, dataDir, scratchRoot } = bench.settings;
      const sockets = 'socketPath' in docker ? [docker.socketPath, ...SOCKETS] : SOCKETS;
      const ran = await bench.run(kernel, code([...new Set(sockets)], [bench.directory, dataDir, scratchRoot]));
      const report = reportOf<HiddenReport>(ran);
      return report ? judgeHidden(report) : untold(ran);
    }),
};
