/** A node in a process of its own that outlives its starter. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { sleep } from '@berth/base';
import { BerthError, errorFromBody } from '@berth/wire';
import { dataLayout, makeDataDirectory, readNodeFile, type NodeFile } from './data-directory.js';

export interface DetachedOptions {
  readonly dataDir: string;
  /** The `berth` program, and the arguments that make it a node in the foreground, with `-o json`. */
  readonly program: string;
  readonly args: readonly string[];
}

const START_MS = 60_000;
const LOOK_MS = 20;
/** How `berth ... -o json` tells a failure; the last such line of the log says why the start failed. */
const FAILURE = '{"error":';

/**
 * Starts it and resolves when it has written down where it serves. When it fails, its own error is thrown.
 */
export async function startDetached({ dataDir, program, args }: DetachedOptions): Promise<NodeFile> {
  const layout = dataLayout(dataDir);
  const unmake = await makeDataDirectory(layout);
  const log = await open(layout.log, 'a', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new BerthError('state-unwritable', `${layout.log} cannot be written: ${error.message}`, { cause: error });
  });
  try {
    const before = (await log.stat()).size;
    const child = spawn(process.execPath, [program, ...args], { detached: true, cwd: '/', stdio: ['ignore', log.fd, log.fd] });
    let ended = false;
    const exit = new Promise<void>((resolve) => {
      child.once('exit', resolve).once('error', () => resolve());
    }).then(() => void (ended = true));
    for (let waited = 0; waited < START_MS; waited += LOOK_MS) {
      const node = await readNodeFile(layout);
      if (node !== undefined && node.pid === child.pid) {
        child.unref();
        return node;
      }
      if (ended) {
        const failure = await failureOf(layout.log, before);
        await unmake();
        throw failure;
      }
      await Promise.race([sleep(LOOK_MS), exit]);
    }
    child.kill('SIGTERM');
    throw new BerthError('timeout', `the node did not start within ${START_MS / 1000} s`, { fix: `Its log is ${layout.log}.` });
  } finally {
    await log.close();
  }
}

/** The error that the child wrote as its last words. */
async function failureOf(log: string, from: number): Promise<BerthError> {
  const handle = await open(log, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer } = await handle.read({ buffer: Buffer.alloc(Math.min(size - from, 1 << 20)), position: from });
    const line = buffer
      .toString()
      .split('\n')
      .findLast((text) => text.startsWith(FAILURE));
    if (line !== undefined) return errorFromBody((JSON.parse(line) as { error: unknown }).error);
    return new BerthError('internal', 'the node ended while it started', { fix: `Its log is ${log}.` });
  } finally {
    await handle.close();
  }
}
