// A Python with the genuine libraries of a manager's side.
import { join } from 'node:path';
import { pythonWith } from './python-cache.mjs';

const PACKAGES = [
  'aiozmq==1.0.0',
  'async-timeout==5.0.1',
  'cramjam==2.14.0',
  'msgpack==1.2.4',
  'pyzmq==27.3.0',
  'PyYAML==6.0.4',
  'redis==8.1.0',
];
/** aiozmq is of 2022: what came after 3.13 has lost event loop policies that it takes for granted. */
const OLDEST = 10;
const NEWEST = 13;

/** See `start` in table.mjs. */
export async function startPythonPeers(_directory, context) {
  const root = await pythonWith(
    {
      name: 'python-peers',
      interpreter: 'python3',
      packages: PACKAGES,
      imports: 'import aiozmq.rpc, cramjam, msgpack, redis, yaml, zmq',
      accept: requireVersion,
      what: 'a Python with the libraries of a manager',
    },
    context,
  );
  return { BERTH_TEST_PYTHON: join(root, 'bin', 'python') };
}

function requireVersion(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major === 3 && minor >= OLDEST && minor <= NEWEST) return;
  throw new Error(`python3 is ${version}; aiozmq and its like need 3.${OLDEST} to 3.${NEWEST}, best 3.11`);
}
