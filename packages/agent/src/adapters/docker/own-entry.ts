/** Docker's options for a container that runs what its image says (seed spec 8.3). Pure. */
import { posix } from 'node:path';
import type { OwnEntry } from '../../ports/driver.js';
import type { CreateOptions, ImageConfig } from './create-options.js';

/** To make a user, give it its directory, and become it. */
const CAPABILITIES = ['CHOWN', 'SETUID', 'SETGID', 'DAC_OVERRIDE', 'FOWNER', 'KILL'];

/** What our own supervisor would replace stays the image's; limits, mounts and labels stay ours. */
export function ownEntryOptions(options: CreateOptions, own: OwnEntry, image: ImageConfig): CreateOptions {
  const { Entrypoint: _entrypoint, Cmd: _command, User: _user, WorkingDir: _directory, ...rest } = options;
  const names = own.ports.map(({ containerPort }) => `${containerPort}/tcp`);
  return {
    ...rest,
    Env: Object.entries(own.env).map(([name, value]) => `${name}=${value}`),
    Tty: own.tty,
    OpenStdin: own.tty,
    StopSignal: own.stopSignal,
    NetworkDisabled: false,
    ExposedPorts: Object.fromEntries(names.map((name) => [name, {}])),
    HostConfig: {
      ...options.HostConfig,
      CapAdd: CAPABILITIES,
      SecurityOpt: [...(options.HostConfig.SecurityOpt ?? []), ...(hasJail(image) ? ['seccomp=unconfined'] : [])],
      ReadonlyRootfs: false,
      // What the entrypoint says can be read, and cannot fill the disk.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
      PortBindings: Object.fromEntries(
        own.ports.map(({ hostAddress, hostPort }, index) => [
          names[index],
          [{ HostIp: hostAddress, HostPort: String(hostPort ?? '') }],
        ]),
      ),
    },
  };
}

/** The jail of kernel images brings a filter of its own, and traces what it runs (seed spec 8.1). */
const hasJail = ({ command = [] }: ImageConfig): boolean => command.some((part) => posix.basename(part) === 'jail');
