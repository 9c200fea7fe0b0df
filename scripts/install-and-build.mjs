// What a fresh clone needs before anything of it can run.
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A step that failed; what went wrong is on the terminal already. */
export class StepFailed extends Error {
  constructor(title, code) {
    super(`${title} failed`);
    this.code = code;
  }
}

/** Runs one step with its title on the terminal. `quiet`: its output is shown only when it fails. Throws {@link StepFailed}. */
export async function step(title, command, { stop, env = process.env, quiet = false }) {
  process.stderr.write(`== ${title}\n`);
  const hidden = quiet ? openHidden() : undefined;
  const stdio = hidden === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', hidden, hidden];
  const code = await runCommand(command, { stop, env, cwd: ROOT, stdio });
  if (code !== 0 && hidden !== undefined) process.stderr.write(readHidden(hidden));
  if (hidden !== undefined) closeSync(hidden);
  if (code !== 0) throw new StepFailed(title, code);
}

/** A file without a name: it goes with its descriptor, however this process ends. */
function openHidden() {
  const path = join(tmpdir(), `berth-step-${randomUUID()}`);
  const file = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return file;
}

function readHidden(file) {
  const content = Buffer.alloc(fstatSync(file).size);
  readSync(file, content, 0, content.length, 0);
  return content;
}

/** npm notes what it installed. Compared by content: the times of both files change with every checkout and every npm. */
function isInstalled() {
  const note = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(note)) return false;
  const installed = packagesOf(note);
  return Object.entries(packagesOf(join(ROOT, 'package-lock.json')))
    .filter(([path]) => path.includes('node_modules/'))
    .every(([path, { optional, devOptional, version, integrity }]) => {
      const found = installed[path];
      return found ? found.version === version && found.integrity === integrity : Boolean(optional || devOptional);
    });
}

const packagesOf = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/** Installs what the lock file names, when that was not done yet, and builds. */
export async function installAndBuild({ stop, quiet }) {
  if (!isInstalled()) await step('install', ['npm', 'ci', '--no-audit', '--no-fund'], { stop, quiet });
  await step('build', ['npm', 'run', '--silent', 'build'], { stop, quiet });
}
