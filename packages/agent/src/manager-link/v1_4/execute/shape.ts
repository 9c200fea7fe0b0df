/** Results of execute as API versions 1, 2 and later have them (seed spec 9.4). Pure. */
import type { ChunkEnd, ConsoleItem } from './chunk.js';

export const STATUSES = ['continued', 'build-finished', 'waiting-input', 'finished', 'exec-timeout'] as const;
export type ExecuteStatus = (typeof STATUSES)[number];

/** A file that a run left below `.output`. */
export interface OutputFile {
  /** Relative to `.output`. */
  readonly name: string;
  readonly url: string;
}

/** A result; which of the last five fields there are depends on the API version. */
export type ExecuteResult = {
  readonly runId: string;
  readonly status: ExecuteStatus;
  readonly exitCode: number | null;
  readonly options: { readonly is_password?: true } | null;
  readonly files: readonly OutputFile[];
} & (
  | { readonly console: readonly ConsoleItem[] }
  | {
      readonly stdout: string;
      readonly stderr: string;
      readonly media: readonly (readonly [mime: string, data: string])[];
      readonly html: readonly string[];
    }
);

export interface Told {
  readonly runId: string;
  /** Undefined: the time of the call was up. */
  readonly end: ChunkEnd | undefined;
  readonly items: readonly ConsoleItem[];
  readonly files: readonly OutputFile[];
}

export function shapeResult(apiVersion: number, { runId, end, items, files }: Told): ExecuteResult {
  const head = { runId, ...headOf(end), files };
  return apiVersion >= 2 ? { ...head, console: items } : { ...head, ...separated(items) };
}

function headOf(end: ChunkEnd | undefined): Pick<ExecuteResult, 'status' | 'exitCode' | 'options'> {
  switch (end?.status) {
    case undefined:
    case 'full':
      return { status: 'continued', exitCode: null, options: null };
    case 'waiting-input':
      return { status: end.status, exitCode: null, options: end.password ? { is_password: true } : {} };
    case 'exec-timeout':
      return { status: end.status, exitCode: null, options: null };
    case 'build-finished':
    case 'finished':
      return { status: end.status, exitCode: end.exitCode, options: null };
  }
}

/** Version 1 has no place for logs. */
function separated(items: readonly ConsoleItem[]) {
  const texts = (wanted: 'stdout' | 'stderr' | 'html') =>
    items.flatMap(([type, data]) => (type === wanted ? [data as string] : []));
  return {
    stdout: texts('stdout').join(''),
    stderr: texts('stderr').join(''),
    media: items.flatMap((item) => (item[0] === 'media' ? [item[1]] : [])),
    html: texts('html'),
  };
}
