import { isAbsolute } from 'node:path';

/** Where Docker is: a socket of this machine (absolute path), or an address. */
export type DockerAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

export const DEFAULT_DOCKER = 'unix:///var/run/docker.sock';
export const DOCKER_FIX = 'Set it to unix:///path/of/docker.sock or tcp://HOST:PORT, or unset it.';

/** From the form of DOCKER_HOST. Throws an Error that says what is wrong with it, without naming it. */
export function parseDockerAddress(text: string): DockerAddress {
  if (text.startsWith('unix://')) {
    const socketPath = text.slice('unix://'.length);
    if (!isAbsolute(socketPath)) throw new Error('the path of the socket must be absolute');
    return { socketPath };
  }
  const tcp = /^tcp:\/\/(?<host>\[[0-9a-fA-F:]+\]|[^:/\s]+):(?<port>\d{1,5})\/?$/.exec(text)?.groups;
  if (!tcp) throw new Error('this form is not known');
  return { host: tcp['host']!.replace(/^\[|\]$/g, ''), port: Number(tcp['port']) };
}
