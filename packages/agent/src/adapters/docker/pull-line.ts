import type { PullProgress } from '../../ports/driver.js';

/** Longest text of Docker's that is passed on. */
const LIMIT = 500;

/** One line of Docker's answer to a pull: progress, a failure (the HTTP status said 200 long ago), or nothing that counts. Pure. */
export function parsePullLine(line: string): { readonly error?: string; readonly progress?: PullProgress } {
  const told = parsed(line);
  if (!told) return { error: `an answer that cannot be read: ${line.slice(0, LIMIT)}` };
  const { error, errorDetail, status, id, progressDetail } = told;
  const detail = (errorDetail as { message?: unknown } | undefined)?.message;
  if (error !== undefined || detail !== undefined) return { error: text(detail) || text(error) || 'no reason was given' };
  if (typeof status !== 'string') return {};
  const { current, total } = (progressDetail ?? {}) as { current?: unknown; total?: unknown };
  return {
    progress: { status: text(status), layer: text(id), bytes: count(current) ?? 0, total: count(total) ?? null },
  };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, LIMIT) : '');
const count = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
