/** Measuring: interleaved samples, quantiles, a table, raw samples kept. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';

/** Quantile of unsorted samples, by nearest rank. */
export function quantile(samples, q) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
}

/** Milliseconds that `fn` takes. */
export async function timed(fn) {
  const begin = process.hrtime.bigint();
  await fn();
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

/**
 * Takes turns, so that a noisy minute hits all alike: in each round every measurement is made `block` times, then the next.
 * `warmUp` rounds are not kept. Blocks are for what is asked in a row in real life, and shorter than a change of process costs.
 * @param {Record<string, () => Promise<number>>} measurements
 */
export async function interleave(measurements, rounds, { warmUp = 1, block = 1 } = {}) {
  const samples = Object.fromEntries(Object.keys(measurements).map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) {
      for (let i = 0; i < block; i++) {
        const value = await measure();
        if (round >= 0) samples[name].push(value);
      }
    }
  }
  return samples;
}

/** One published figure: what was measured, what it is held against, and whether the goal was met. */
export function figure(name, value, unit, goal, met, floor = '') {
  return { name, value, unit, goal, met, floor };
}

const round = (value) =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);

/** Prints the figures and keeps them, with all raw samples, in `bench/results/`. True when every goal was met. */
export async function report(rows) {
  const figures = rows.flatMap((row) => row.figures);
  const width = Math.max(...figures.map((f) => f.name.length));
  for (const f of figures) {
    const line = `${f.met ? 'ok    ' : 'MISSED'} ${f.name.padEnd(width)}  ${round(f.value)} ${f.unit}  (goal ${f.goal}${f.floor ? `; floor ${f.floor}` : ''})`;
    console.log(line);
  }
  const machine = {
    node: process.version,
    kernel: release(),
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    memoryBytes: totalmem(),
  };
  const folder = new URL('results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const file = new URL(`${new Date().toISOString().replaceAll(':', '-')}.json`, folder);
  await writeFile(file, JSON.stringify({ at: new Date().toISOString(), machine, rows }, null, 1));
  console.log(`raw samples: bench/results/${file.pathname.split('/').at(-1)}`);
  return figures.every((f) => f.met);
}
