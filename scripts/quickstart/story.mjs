// What is shown, in order. Every step checks what it shows: a quickstart that only looks well would be worse than none.
import assert from 'node:assert/strict';
import { canAnswer } from './answer.mjs';
import { EXCEPTION, INPUT, PLOT, PROGRESS, STATE, VERSIONS } from './programs.mjs';
import { runShown } from './run-shown.mjs';

/** Without a sign of life the session ends by itself after so many seconds, also when this process is killed. */
const LEASE_SECONDS = 60;

/** Runs the programs of the story in one session. Throws when one of them does something else than it should. */
export async function tellStory({ client, image, say, stop }) {
  say(`== create a session from the image ${image}`);
  const before = performance.now();
  const { sessionId, spec } = await client.createSession({ spec: { image, leaseSeconds: LEASE_SECONDS } });
  say(`  session ${sessionId} answers after ${Math.round(performance.now() - before)} ms`);

  const run = async (title, code) => {
    say(`\n== ${title}`);
    return runShown({ client, session: sessionId, code, say, stop });
  };
  const good = ({ finished }) => assert.deepEqual([finished?.reason, finished?.exitCode], ['exited', 0]);

  good(await run('which Python is this', VERSIONS));
  good(await run('progress, as it is printed', PROGRESS));
  good(await run('variables stay: the result of the last program', STATE));
  assert.equal((await run('an exception, with its traceback', EXCEPTION)).finished?.exitCode, 1);
  if (canAnswer()) good(await run('a program that asks', INPUT));
  else say('\n== a program that asks: left out, since this is no terminal (set BERTH_QUICKSTART_INPUT to answer)');

  const plot = await run('a plot, drawn by plain Python and displayed', PLOT);
  good(plot);
  await showPlot({ client, sessionId, media: plot.media, say });
  await showNode({ client, spec, say });
}

/** The picture as the session displayed it, the files as the program wrote them: both are the same. */
async function showPlot({ client, sessionId, media, say }) {
  const [picture] = media;
  assert.equal(picture?.mime, 'image/svg+xml');
  say(`  displayed: ${picture.mime}, ${Buffer.byteLength(picture.data)} bytes: ${picture.data.slice(0, 60)}...`);
  const file = await download(client, sessionId, '.output/plot.svg');
  assert.equal(file, picture.data);
  say('\n== files fetched back from .output');
  for (const entry of await client.listFiles(sessionId, '.output')) say(`  ${entry.path}, ${entry.size} bytes`);
  const summary = await download(client, sessionId, '.output/summary.txt');
  for (const line of summary.trimEnd().split('\n')) say(`  summary.txt | ${line}`);
}

async function download(client, sessionId, path) {
  const parts = [];
  for await (const part of await client.getFile(sessionId, path)) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function showNode({ client, spec, say }) {
  const node = await client.node();
  say('\n== on what');
  say(
    `  Berth ${node.version}, Node.js ${process.versions.node}, driver ${node.driver} (${node.driverDetail || node.driverState})`,
  );
  say(`  image ${spec.image}, ${spec.cpus} CPU, ${spec.memoryBytes / 1024 ** 2} MiB of memory, network ${spec.network}`);
}
