/** Who may use Docker: each of them is root on this machine. */
import { stat } from 'node:fs/promises';
import { toBerthError } from '@berth/wire';
import type { DockerAddress } from '../../../config/docker-address.js';
import type { DoctorContext } from '../context.js';
import { check, green, red, yellow } from '../finding.js';
import { text } from '../look.js';

export type SocketFacts =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'missing'; readonly path: string }
  | {
      readonly kind: 'socket';
      readonly path: string;
      readonly uid: number;
      /** With its members, as /etc/group has them; undefined when it is not there. */
      readonly group: { readonly gid: number; readonly name: string; readonly members: readonly string[] };
      readonly mode: number;
    };

export const socket = check(
  { id: 'docker.socket', group: 'docker', title: 'who may use Docker' },
  (context: DoctorContext) => lookAtSocket(context.settings.docker),
  (facts) => {
    if (facts.kind === 'tcp')
      return yellow(
        `it listens on ${facts.host}:${facts.port}, without TLS: whoever reaches that is root on its machine`,
        'Use its Unix socket: unset DOCKER_HOST, and take `-H tcp://` from the options of dockerd.',
      );
    if (facts.kind === 'missing') return yellow(`there is no ${facts.path}`, 'Start Docker, or set DOCKER_HOST to its socket.');
    const { path, group, mode } = facts;
    if (mode & 0o002)
      return red(`${path} is open to everybody: each user of this machine is root on it`, `\`chmod o-rw ${path}\``);
    const members = group.members.length > 0 ? `: ${group.members.join(', ')}` : ', which has no further members';
    const who = mode & 0o020 ? `root and the group ${group.name}${members}` : 'root alone';
    return green(`${who} (each of them is root on this machine)`);
  },
);

async function lookAtSocket(docker: DockerAddress): Promise<SocketFacts> {
  if (!('socketPath' in docker)) return { kind: 'tcp', ...docker };
  const path = docker.socketPath;
  try {
    const { uid, gid, mode } = await stat(path);
    const lines = ((await text('/etc/group')) ?? '').split('\n').map((line) => line.split(':'));
    const [name, , , members] = lines.find(([, , number]) => Number(number) === gid) ?? [];
    const group = { gid, name: name ?? `${gid}`, members: (members ?? '').split(',').filter((member) => member !== '') };
    return { kind: 'socket', path, uid, group, mode: mode & 0o7777 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing', path };
    throw toBerthError(error);
  }
}
