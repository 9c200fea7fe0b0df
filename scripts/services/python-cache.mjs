// Pythons with packages of an exact version, made once and kept in the test cache. Nothing runs: the service is what is installed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCache } from '../test-cache.mjs';
import { lastLine } from './text.mjs';

const STEP_TIMEOUT_MS = 5 * 60_000;

/**
 * Answers the directory of a virtual environment of `interpreter` with `packages` (exact versions: pip resolves nothing by itself).
 * `imports` is what must be importable; `accept` throws for a version of Python that will not do; `what` is for people.
 */
export async function pythonWith({ name, interpreter, packages, imports, accept = () => {}, what }, { say, signal }) {
  const run = async (program, ...args) => {
    const { stdout } = await promisify(execFile)(program, args, { signal, timeout: STEP_TIMEOUT_MS });
    return stdout.trim();
  };
  const version = await run(interpreter, '-c', 'import platform; print(platform.python_version())');
  accept(version);
  const root = join(testCache(), `${name}-${fingerprint(version, packages)}`);
  const works = () => existsSync(join(root, 'bin/python')) && run(join(root, 'bin/python'), '-c', imports).then(yes, no);
  if (await works()) return root;
  rmSync(root, { recursive: true, force: true });
  say(`making ${what}`);
  await make(run, interpreter, root, packages);
  if (!(await works())) throw new Error(`Python ${version} cannot import what was installed in ${root}`);
  return root;
}

const yes = () => true;
const no = () => false;

const fingerprint = (version, packages) =>
  createHash('sha256')
    .update([version, ...packages].join(' '))
    .digest('hex')
    .slice(0, 12);

async function make(run, interpreter, root, packages) {
  mkdirSync(testCache(), { recursive: true });
  const making = mkdtempSync(`${root}.part-`);
  try {
    // Without pip: Debian takes out of the standard library what puts it there.
    await run(interpreter, '-m', 'venv', '--without-pip', making);
    const python = join(making, 'bin', 'python');
    await run('pip3', '--python', python, 'install', '--quiet', '--no-deps', '--only-binary=:all:', ...packages);
    // Users of sessions read it too.
    chmodSync(making, 0o755);
    renameSync(making, root);
  } catch (error) {
    // Where another process was first its work stands.
    if (!existsSync(root)) throw new Error(lastLine(error.stderr) ?? error.message, { cause: error });
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
