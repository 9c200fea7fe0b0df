/**
 * The real servers that tests may ask for; test/support/services.ts has the other end.
 *
 * - `variables`: what the command finds in its environment;
 * - `needs`: programs, each with the Debian package that brings it;
 * - `start(place, {say, signal})`: starts the server with everything it keeps below `place`, waits until it answers, and gives
 *   the values of the variables. Throws an error with one line that says why it cannot.
 */
import { startDocker } from './docker.mjs';
import { startJupyter } from './jupyter.mjs';
import { startPythonPeers } from './python-peers.mjs';
import { startEtcd } from './etcd.mjs';
import { startRedis } from './redis.mjs';
import { startRegistry } from './registry.mjs';
import { startS3 } from './s3.mjs';

export const SERVICES = [
  {
    name: 'docker',
    variables: ['BERTH_TEST_DOCKER_SOCKET'],
    needs: [
      { program: 'dockerd', package: 'docker.io' },
      { program: 'containerd', package: 'containerd' },
      { program: 'ip', package: 'iproute2' },
      { program: 'tini-static', package: 'tini' },
      { program: 'debootstrap', package: 'debootstrap' },
      { program: 'musl-gcc', package: 'musl-tools' },
      { program: 'busybox', package: 'busybox-static' },
    ],
    start: startDocker,
  },
  {
    name: 'etcd',
    variables: ['BERTH_TEST_ETCD'],
    needs: [
      { program: 'etcd', package: 'etcd-server' },
      { program: 'etcdctl', package: 'etcd-client' },
    ],
    start: startEtcd,
  },
  {
    name: 'redis',
    variables: ['BERTH_TEST_REDIS'],
    needs: [
      { program: 'redis-server', package: 'redis-server' },
      { program: 'redis-cli', package: 'redis-tools' },
    ],
    start: startRedis,
  },
  {
    name: 'registry',
    variables: ['BERTH_TEST_REGISTRY'],
    needs: [{ program: 'docker-registry', package: 'docker-registry' }],
    start: startRegistry,
  },
  {
    name: 's3',
    variables: ['BERTH_TEST_S3'],
    needs: [
      { program: 'swift-ring-builder', package: 'swift' },
      { program: 'swift-proxy-server', package: 'swift-proxy' },
      { program: 'swift-account-server', package: 'swift-account' },
      { program: 'swift-container-server', package: 'swift-container' },
      { program: 'swift-object-server', package: 'swift-object' },
    ],
    start: startS3,
  },
  {
    name: 'python',
    variables: ['BERTH_TEST_PYTHON'],
    needs: [
      { program: 'python3', package: 'python3' },
      { program: 'pip3', package: 'python3-pip' },
    ],
    start: startPythonPeers,
  },
  {
    name: 'jupyter',
    variables: ['BERTH_TEST_JUPYTER'],
    needs: [
      { program: 'python3', package: 'python3' },
      { program: 'pip3', package: 'python3-pip' },
    ],
    start: startJupyter,
  },
];
