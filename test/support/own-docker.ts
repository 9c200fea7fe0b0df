/** A Docker Engine that a test may stop, kill and start again. Only root can have one. */
import { join } from 'node:path';
import Docker from 'dockerode';
import { dockerdArguments, startContainerd } from '../../scripts/services/docker.mjs';
import { claimPlace, clearPlace } from '../../scripts/services/place.mjs';
import { pings } from '../../scripts/services/ready.mjs';
import { OwnServer } from './own-server.js';
import type { TestDocker } from './services.js';

export interface OwnDocker extends TestDocker {
  /** Its containerd goes on when this is stopped, as where both come from packages. */
  readonly server: OwnServer;
  /** Ends and removes everything. */
  dispose(): Promise<void>;
}

export interface OwnDockerOptions {
  /** Further arguments; asked for at each start. */
  readonly args?: () => readonly string[];
  /** Called with the directory for its data before it is started. */
  readonly prepare?: (data: string) => void | Promise<void>;
}

/** Starts one that has the image `musl` of `from`. */
export async function startOwnDocker(from: TestDocker, { args, prepare }: OwnDockerOptions = {}): Promise<OwnDocker> {
  const place = claimPlace('docker');
  let server: OwnServer | undefined;
  const dispose = async () => {
    await server?.stop();
    await clearPlace(place);
    await server?.dispose();
  };
  try {
    await prepare?.(join(place, 'data'));
    const own = await dockerdArguments(place, await startContainerd(place));
    const socketPath = join(place, 'docker.sock');
    const command = () => ({ program: 'dockerd', args: [...own, ...(args?.() ?? [])] });
    server = await OwnServer.start(0, command, () => pings(socketPath));
    const image = await new Docker({ socketPath: from.socketPath }).getImage(from.images.musl).get();
    const docker = new Docker({ socketPath });
    const loading = await docker.loadImage(image);
    await new Promise((resolve, reject) => docker.modem.followProgress(loading, (error) => (error ? reject(error) : resolve(0))));
    return { socketPath, images: from.images, server, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
