// A Docker Engine of our own: everything below its place, a containerd of its own, no packet filter rules, no docker0.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { addBridge } from './bridge.mjs';
import { cgroupParent } from './cgroups.mjs';
import { startDaemon } from './daemons.mjs';
import { placeId } from './place.mjs';
import { lastLine } from './text.mjs';
import { connects, pings, untilReady } from './ready.mjs';

const IMAGES_TIMEOUT_MS = 5 * 60_000;
const BUILD_IMAGES = fileURLToPath(new URL('../images/build.mjs', import.meta.url));

const CONTAINERD_CONFIG = `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
`;

/** See `start` in table.mjs. */
export async function startDocker(directory, { say, signal }) {
  if (process.getuid() !== 0)
    throw new Error('needs root to start a Docker Engine; or set BERTH_TEST_DOCKER_SOCKET to one for tests');
  const containerdSocket = await startContainerd(directory, signal);
  const socketPath = await startDockerd(directory, containerdSocket, signal);
  say('making the images for tests');
  await buildImages(socketPath, signal);
  return { BERTH_TEST_DOCKER_SOCKET: socketPath };
}

// dockerd would join a containerd of the machine if there is one.
export async function startContainerd(directory, signal) {
  const config = join(directory, 'containerd.toml');
  const socket = join(directory, 'containerd.sock');
  writeFileSync(config, CONTAINERD_CONFIG);
  const root = join(directory, 'containerd');
  mkdirSync(root);
  const daemon = startDaemon(directory, 'containerd', 'containerd', [
    `--config=${config}`,
    `--address=${socket}`,
    `--root=${join(root, 'root')}`,
    `--state=${join(root, 'state')}`,
  ]);
  await untilReady('containerd', daemon, () => connects(socket), signal);
  return socket;
}

async function startDockerd(directory, containerdSocket, signal) {
  const socketPath = join(directory, 'docker.sock');
  const daemon = startDaemon(directory, 'dockerd', 'dockerd', await dockerdArguments(directory, containerdSocket));
  await untilReady('dockerd', daemon, () => pings(socketPath), signal);
  return socketPath;
}

/** What dockerd is started with, to listen on `docker.sock` in `directory` and keep everything there. Makes its bridge. */
export async function dockerdArguments(directory, containerdSocket) {
  const config = join(directory, 'docker.json');
  writeFileSync(config, '{}');
  return [
    `--config-file=${config}`,
    `--containerd=${containerdSocket}`,
    `--data-root=${join(directory, 'data')}`,
    `--exec-root=${join(directory, 'exec')}`,
    `--pidfile=${join(directory, 'dockerd.pid')}`,
    `--host=unix://${join(directory, 'docker.sock')}`,
    '--group=docker',
    `--bridge=${await addBridge(placeId(directory))}`,
    '--exec-opt=native.cgroupdriver=cgroupfs',
    `--cgroup-parent=${cgroupParent(placeId(directory))}`,
    // A broken pull is to fail at once, not after 75 s of trying again.
    '--max-download-attempts=1',
    '--iptables=false',
    '--ip6tables=false',
    '--ip-forward=false',
    '--ip-masq=false',
  ];
}

async function buildImages(socketPath, signal) {
  try {
    await promisify(execFile)(process.execPath, [BUILD_IMAGES, socketPath], { signal, timeout: IMAGES_TIMEOUT_MS });
  } catch (error) {
    throw new Error(`making the images failed: ${lastLine(error.stderr) ?? error.message}`, { cause: error });
  }
}
