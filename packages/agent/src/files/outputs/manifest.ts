/** What a run has left below `.output`, as a manifest. */
import type { OutputEntry } from '@berth/wire';
import { OUTPUT_LIMITS, scanOutput, type OutputLimits } from '../output-scan.js';
import { contentTypeOf } from './content-type.js';
import { openOutput } from './open-output.js';
import { readSteadily } from './steady.js';

/** In milliseconds since the epoch. */
export interface RunTime {
  readonly from: number;
  readonly to: number;
}

/** The system's clock for files goes in steps. */
const TICK_MS = 20;

/**
 * Files that were made or changed last within `time`, sorted by name. The system's own time of change tells, which no program can set. What is gone or has
 * become something else by now is left out, as is what {@link scanOutput} passes over.
 */
export async function outputsOf(
  workDirectory: string,
  time: RunTime,
  limits: OutputLimits = OUTPUT_LIMITS,
): Promise<readonly OutputEntry[]> {
  const found = await scanOutput(workDirectory, limits);
  const names = [...found].filter(([, { ctimeMs }]) => ctimeMs >= time.from - TICK_MS && ctimeMs <= time.to + TICK_MS);
  const entries: OutputEntry[] = [];
  for (const [name] of names.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const read = await digest(workDirectory, name, limits).catch(() => undefined);
    if (read) entries.push({ name, ...read, contentType: contentTypeOf(name), url: null });
  }
  return entries;
}

async function digest(workDirectory: string, name: string, { fileBytes }: OutputLimits) {
  const file = await openOutput(workDirectory, name);
  try {
    return await readSteadily(file, { most: fileBytes });
  } finally {
    await file.close();
  }
}
