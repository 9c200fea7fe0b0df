// A Python with the genuine libraries of a manager's side, made once and kept in the test cache.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCache } from '../test-cache.mjs';
import { lastLine } from './text.mjs';

/** Everything that is installed, by exact version: pip resolves nothing by itself. */
const PACKAGES = [
  'aiozmq==1.0.0',
  'async-timeout==5.0.1',
  'cramjam==2.14.0',
  'msgpack==1.2.4',
  'pyzmq==27.3.0',
  'PyYAML==6.0.4',
  'redis==8.1.0',
];
const IMPORTS = 'import aiozmq.rpc, cramjam, msgpack, redis, yaml, zmq';
/** aiozmq is of 2022: what came after 3.13 has lost event loop policies that it takes for granted. */
const OLDEST = 10;
const NEWEST = 13;
const STEP_TIMEOUT_MS = 5 * 60_000;

/** See `start` in table.mjs. Nothing runs: the service is the interpreter. */
export async function startPythonPeers(_directory, { say, signal }) {
  const run = async (program, ...args) => {
    const { stdout } = await promisify(execFile)(program, args, { signal, timeout: STEP_TIMEOUT_MS });
    return stdout.trim();
  };
  const version = await run('python3', '-c', 'import platform; print(platform.python_version())');
  requireVersion(version);
  const root = join(testCache(), `python-peers-${fingerprint(version)}`);
  const python = join(root, 'bin', 'python');
  if (await imports(run, python)) return { BERTH_TEST_PYTHON: python };
  rmSync(root, { recursive: true, force: true });
  say('making a Python with the libraries of a manager');
  await make(run, root);
  if (!(await imports(run, python))) throw new Error(`Python ${version} cannot import what was installed in ${root}`);
  return { BERTH_TEST_PYTHON: python };
}

function requireVersion(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major === 3 && minor >= OLDEST && minor <= NEWEST) return;
  throw new Error(`python3 is ${version}; aiozmq and its like need 3.${OLDEST} to 3.${NEWEST}, best 3.11`);
}

const fingerprint = (version) =>
  createHash('sha256')
    .update([version, ...PACKAGES].join(' '))
    .digest('hex')
    .slice(0, 12);

const imports = (run, python) =>
  existsSync(python) &&
  run(python, '-c', IMPORTS).then(
    () => true,
    () => false,
  );

async function make(run, root) {
  mkdirSync(testCache(), { recursive: true });
  const making = mkdtempSync(`${root}.part-`);
  try {
    // Without pip: Debian takes out of the standard library what puts it there.
    await run('python3', '-m', 'venv', '--without-pip', making);
    const python = join(making, 'bin', 'python');
    await run('pip3', '--python', python, 'install', '--quiet', '--no-deps', '--only-binary=:all:', ...PACKAGES);
    renameSync(making, root);
  } catch (error) {
    // Where another process was first its work stands.
    if (!existsSync(root)) throw new Error(lastLine(error.stderr) ?? error.message, { cause: error });
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
