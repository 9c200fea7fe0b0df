/** Completions (seed spec 5.3, 9.2). Those of 2018 hung for all languages but one (D30); these always come, if need be without any. */
import { DeadlineError, withDeadline } from '@berth/base';
import { isBerthError, type KernelId, type KernelService } from '@berth/wire';
import { notesOf } from './notes.js';
import { replOf } from './languages.js';

/** Below the 5 s that the manager waits. */
const DEADLINE_MS = 4000;
const MOST = 1000;

export interface CompletionArguments {
  readonly text: string;
  /** `line`: the line that is typed; `row`, `col`: where in `text`; `post`: what follows. Any of them may be missing. */
  readonly opts: Readonly<Record<string, unknown>> | null;
}

export interface Completions {
  readonly status: 'finished';
  readonly completions: readonly string[];
}

/** What could stand where the cursor is. Errors: no-such-session, session-ended. */
export async function completions(
  service: KernelService,
  kernelId: KernelId,
  args: CompletionArguments,
  deadlineMs = DEADLINE_MS,
): Promise<Completions> {
  const { spec } = service.getKernel(kernelId);
  const language = spec.supervisor === 'kernel-runner' ? 'python' : replOf(notesOf(spec)?.lang ?? spec.image);
  if (!language) return { status: 'finished', completions: [] };
  const { code, cursor } = whereOf(args);
  try {
    const found = await withDeadline('completion', deadlineMs, () => service.complete(kernelId, language, code, cursor));
    return { status: 'finished', completions: found.slice(0, MOST) };
  } catch (error) {
    const none = error instanceof DeadlineError || (isBerthError(error) && error.code === 'language-missing');
    if (!none) throw error;
    return { status: 'finished', completions: [] };
  }
}

/** The text and the place in it. The line alone decides where it is given, as it did for the runner of 2018. Pure. */
export function whereOf({ text, opts }: CompletionArguments): { readonly code: string; readonly cursor: number } {
  const [line, row, col] = [opts?.['line'], opts?.['row'], opts?.['col']].map((value) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  if (typeof line === 'string' && line !== '') return { code: line, cursor: isPlace(col, line.length) ? col : line.length };
  const lines = text.split('\n');
  if (!isPlace(row, lines.length - 1) || !isPlace(col, lines[row]!.length)) return { code: text, cursor: text.length };
  return { code: text, cursor: lines.slice(0, row).reduce((sum, { length }) => sum + length + 1, 0) + col };
}

const isPlace = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
