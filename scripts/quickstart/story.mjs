// What is shown, in order. Every step checks what it shows: a quickstart that only looks well would be worse than none.
import assert from 'node:assert/strict';
import { canAnswer } from './answer.mjs';
import { EXCEPTION, INPUT, PLOT, PROGRESS, STATE, VERSIONS } from './programs.mjs';
import { runShown } from './run-shown.mjs';

/**
 * Runs the programs of the story on one stage, which `open` makes (`node-stage.mjs`). Throws when one of them does something else than
 * it should.
 */
export async function tellStory({ open, title, say, stop }) {
  say(`== ${title}`);
  const before = performance.now();
  const stage = await open();
  say(`  ${stage.name} answers after ${Math.round(performance.now() - before)} ms`);

  const run = async (what, code) => {
    say(`\n== ${what}`);
    return runShown({ stage, code, say, stop });
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
  await showPlot({ stage, media: plot.media, say });
  say('\n== on what');
  for (const line of await stage.about()) say(`  ${line}`);
}

/** The picture as it was displayed, the files as the program wrote them: both are the same. */
async function showPlot({ stage, media, say }) {
  const [picture] = media;
  assert.equal(picture?.mime, 'image/svg+xml');
  say(`  displayed: ${picture.mime}, ${Buffer.byteLength(picture.data)} bytes: ${picture.data.slice(0, 60)}...`);
  const file = await stage.read('.output/plot.svg');
  assert.equal(file, picture.data);
  say('\n== files fetched back from .output');
  for (const entry of await stage.list('.output')) say(`  ${entry.path}, ${entry.size} bytes`);
  const summary = await stage.read('.output/summary.txt');
  for (const line of summary.trimEnd().split('\n')) say(`  summary.txt | ${line}`);
}
