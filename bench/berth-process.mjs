/** A node as users run it: `berth up` in a process of its own, in a temporary data directory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BerthClient } from '@berth/client';

const MAIN = new URL('../packages/cli/bin/berth.js', import.meta.url).pathname;

async function nodeFile(dataDir) {
  for (let i = 0; i < 300; i++) {
    try {
      return JSON.parse(await readFile(join(dataDir, 'node.json'), 'utf8'));
    } catch {
      await wait(100);
    }
  }
  throw new Error('the node did not start');
}

/** `options` are more of `berth up`. */
export async function startBerth(options = []) {
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-bench-node-'));
  const env = { ...process.env, BERTH_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [MAIN, 'up', '--listen', '127.0.0.1:0', ...options], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { endpoint } = await nodeFile(dataDir);
  const key = (await readFile(join(dataDir, 'key'), 'utf8')).trim();
  const client = new BerthClient({ endpoint, key });
  return {
    pid: child.pid,
    client,
    async stop() {
      await client.stopNode({ terminate: true });
      if (child.exitCode === null) await once(child, 'exit');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
