/** Files in and out: over HTTP as `berth cp` sends them. Floor: `cp` of the same file on the same disk. */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { startBerth } from '../berth-process.mjs';
import { figure, interleave, quantile, timed } from '../harness.mjs';

const run = promisify(execFile);
const MIB = 256;

const speed = (ms) => (MIB * 1.048576) / (ms / 1000);

export async function files(rounds = 5) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-files-'));
  const [source, copy] = ['source', 'copy'].map((name) => join(directory, name));
  await writeFile(source, Buffer.alloc(MIB * 1024 * 1024, 'some bytes '));
  const berth = await startBerth(['--driver', 'sandbox']);
  try {
    const { client } = berth;
    const { sessionId } = await client.createSession({ spec: { image: 'host' } });
    const samples = await interleave(
      {
        cp: async () => speed(await timed(() => run('cp', [source, copy]))),
        upload: async () =>
          speed(
            await timed(() =>
              client.putFile(sessionId, 'file', Readable.toWeb(createReadStream(source, { highWaterMark: 256 * 1024 }))),
            ),
          ),
        download: async () =>
          speed(
            await timed(async () => {
              let bytes = 0;
              for await (const chunk of await client.getFile(sessionId, 'file')) bytes += chunk.length;
              if (bytes !== MIB * 1024 * 1024) throw new Error(`${bytes} bytes arrived`);
            }),
          ),
      },
      rounds,
    );
    const p50 = (name) => quantile(samples[name], 0.5);
    const floor = `${p50('cp').toFixed(0)} MB/s`;
    return {
      name: 'files',
      samples,
      figures: ['upload', 'download'].map((name) =>
        figure(`${name} over HTTP`, p50(name), 'MB/s', 'at least 150', p50(name) >= 150, floor),
      ),
    };
  } finally {
    await berth.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
