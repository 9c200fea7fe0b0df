/** `get_logs` (seed spec 5.3): what the runs of a kernel have printed and is still kept, each byte once (D46). Nothing is confirmed by it. */
import { DeadlineError, withDeadline } from '@berth/base';
import { isBerthError, type KernelId, type KernelService, type RunRecord, type RunView } from '@berth/wire';
import { lastOf } from './execute/reader.js';
import { recordsOf } from './execute/records.js';
import { decodeOn, decodeRest, NO_CARRY } from './execute/text.js';

export interface LogLimits {
  /** The newest bytes are given. */
  readonly bytes: number;
  /** Below the 5 s that the manager waits. */
  readonly deadlineMs: number;
}

const LIMITS: LogLimits = { bytes: 1024 * 1024, deadlineMs: 4000 };
/** Records are read in pages, from the last one on. */
const PAGE_RECORDS = 256;
/** An attachment that confirms nothing stalls at its window: it is made anew before that. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Errors: those of the service where the kernel is not there. */
export async function readLogs(
  service: KernelService,
  kernelId: KernelId,
  limits: LogLimits = LIMITS,
): Promise<{ logs: string }> {
  const runs: RunRecord[][] = [];
  let bytes = 0;
  const keep = (run: RunRecord[], page: readonly RunRecord[]): boolean => {
    run.unshift(...page);
    for (const record of page) if ('data' in record && record.type !== 'media') bytes += record.data.length;
    return bytes < limits.bytes;
  };
  try {
    await withDeadline('the logs', limits.deadlineMs, async (signal) => {
      for (const view of [...(await service.listRuns(kernelId))].reverse()) {
        const run: RunRecord[] = [];
        runs.unshift(run);
        if (!(await readBack(service, kernelId, view, signal, (page) => keep(run, page)))) return;
      }
    });
  } catch (error) {
    // What was read in time is told.
    if (!(error instanceof DeadlineError)) throw error;
  }
  return { logs: lastBytes(runs.map(textOf).join(''), limits.bytes) };
}

/** Gives the output of a run from its end on, page by page, while `take` wants more. False when it wants no more. */
async function readBack(
  service: KernelService,
  kernelId: KernelId,
  { runId, lowest, highest }: RunView,
  signal: AbortSignal,
  take: (page: readonly RunRecord[]) => boolean,
): Promise<boolean> {
  for (let to = highest; to >= lowest; to -= PAGE_RECORDS) {
    const from = Math.max(lowest, to - PAGE_RECORDS + 1);
    const page: RunRecord[] = [];
    for (let next = from; next <= to && !signal.aborted;) {
      const records = await readSome(service, kernelId, runId, next, to, signal);
      if (records.length === 0) break;
      page.push(...records.filter((record) => record.type === 'stdout' || record.type === 'stderr' || record.type === 'gap'));
      next = lastOf(records.at(-1)!) + 1;
    }
    if (!take(page)) return false;
  }
  return true;
}

/** Records from `from` to at most `to`, as many as one attachment gives. None when the run is not kept any more. */
async function readSome(
  service: KernelService,
  kernelId: KernelId,
  runId: RunView['runId'],
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = [];
  try {
    const stream = await service.attachRun(kernelId, runId, { from, windowBytes: WINDOW_BYTES });
    const stop = () => stream.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      let bytes = 0;
      for await (const batch of stream) {
        for (const { payload } of batch) bytes += payload.length;
        for (const record of recordsOf(batch)) if (record.seq <= to) found.push(record);
        if (bytes >= WINDOW_BYTES / 2 || (found.length > 0 && lastOf(found.at(-1)!) >= to)) break;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stream.close();
    }
  } catch (error) {
    if (!isBerthError(error) || error.code !== 'no-such-run') throw error;
  }
  return found;
}

function textOf(records: readonly RunRecord[]): string {
  const carries = { stdout: NO_CARRY, stderr: NO_CARRY };
  let text = '';
  for (const record of records) {
    if (record.type === 'gap') text += `[${record.bytes} bytes of output were not kept]\n`;
    if (record.type !== 'stdout' && record.type !== 'stderr') continue;
    const step = decodeOn(carries[record.type], record.data, record.seq);
    carries[record.type] = step.carry;
    text += step.text;
  }
  return text + decodeRest(carries.stdout) + decodeRest(carries.stderr);
}

/** The end of `text`: at most `most` bytes of UTF-8, from the beginning of a character on. */
function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let from = bytes.length - most;
  while (((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  return bytes.toString('utf8', from);
}
