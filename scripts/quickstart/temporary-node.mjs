import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../install-and-build.mjs';

/** Exit code of the error `node-not-running`. Wire, which has it, may not be built yet. */
const NOT_RUNNING = 69;
const BERTH = join(ROOT, 'packages/cli/bin/berth.js');

/** A node with a data directory of its own, started and stopped as a user would: through the command line. */
export class TemporaryNode {
  #dataDir;
  #env;

  constructor(dataDir) {
    this.#dataDir = dataDir;
    this.#env = { ...process.env, BERTH_DATA_DIR: dataDir };
  }

  static async create() {
    return new TemporaryNode(await mkdtemp(join(tmpdir(), 'berth-quickstart-')));
  }

  /** Starts it with these options and answers a client for it. */
  async start(options, signal) {
    await this.#berth(['up', '--detach', '--listen', '127.0.0.1:0', ...options], signal);
    const { endpoint } = JSON.parse(await this.#berth(['status', '-o', 'json'], signal));
    const key = (await readFile(join(this.#dataDir, 'key'), 'utf8')).trim();
    const { BerthClient } = await import('@berth/client');
    return new BerthClient({ endpoint, key }, { signal });
  }

  /** Stops it with its sessions, and removes its data directory. */
  async remove() {
    await this.#berth(['down', '--terminate']).catch((error) => {
      if (error.exitCode !== NOT_RUNNING) process.stderr.write(`quickstart: ${error.message}\n`);
    });
    await makeWritable(this.#dataDir);
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  /** Its standard output. Throws an error with what it said on standard error, and its exit code. */
  async #berth(args, signal) {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [BERTH, ...args], { env: this.#env, signal });
      return stdout;
    } catch (error) {
      throw Object.assign(new Error((error.stderr || error.message).trim().replace(/^berth: /, '')), { exitCode: error.code });
    }
  }
}

/** The carry is read-only, its directories too, and only root may remove what is in those. */
async function makeWritable(directory) {
  await chmod(directory, 0o700).catch(() => {});
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await makeWritable(join(directory, entry.name));
}
