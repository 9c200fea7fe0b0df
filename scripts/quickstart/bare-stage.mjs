// Where the story is told when nothing else can be had: a Python of this machine, kept from nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('bare.py', import.meta.url));

/** Used as a session of `node-stage.mjs`; moreover `close` ends the process and removes its directory. Throws when there is no Python. */
export async function openBare(stop) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-quickstart-'));
  const env = { PATH: process.env.PATH, HOME: directory, LANG: 'C.UTF-8' };
  const child = spawn('python3', ['-B', PROGRAM], { cwd: directory, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = new Promise((resolve) => child.once('close', resolve));
  const close = async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await once(child, 'spawn');
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw Object.assign(new Error(`python3 does not start: ${error.message}`), { fix: 'Install Python 3.6 or later.' });
  }
  const end = () => child.kill('SIGKILL');
  stop.addEventListener('abort', end, { once: true });
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const send = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);

  return {
    name: 'python3, a plain child process,',

    run(code) {
      send({ code });
      return {
        write: (answer) => send({ text: answer.toString().replace(/\n$/, '') }),
        async *[Symbol.asyncIterator]() {
          for (;;) {
            const { value, done } = await lines.next();
            stop.throwIfAborted();
            if (done) throw new Error('python3 has ended');
            const { text, ...record } = JSON.parse(value);
            yield text === undefined ? record : { ...record, data: Buffer.from(text) };
            if (record.type === 'finished') return;
          }
        },
      };
    },

    async list(path) {
      const names = (await readdir(join(directory, path))).sort();
      return Promise.all(
        names.map(async (name) => ({ path: `${path}/${name}`, size: (await stat(join(directory, path, name))).size })),
      );
    },

    read: (path) => readFile(join(directory, path), 'utf8'),

    about: () => [`Node.js ${process.versions.node}, python3 of this machine, isolation NONE, limits NONE`],

    async close() {
      stop.removeEventListener('abort', end);
      await close();
    },
  };
}
