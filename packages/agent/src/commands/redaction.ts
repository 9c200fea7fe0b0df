/** Secrets stay out of logs: by the names of fields, and by the secrets themselves wherever they turn up. */

export const HIDDEN = '********';

const SECRET_NAME =
  /passw(or)?d|secret|token|authorization|credential|dsn|raven|(api|app|access|private|master|session)[-_]?key/i;
/** User and password in an address. */
const IN_ADDRESS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
/** Shorter ones are in every other word. */
const SHORTEST_SECRET = 4;
const DEEPEST = 6;

export type Redact = (value: unknown) => unknown;

/** @param secrets values that must never be seen; the result works on copies and knows errors. */
export function redaction(secrets: Iterable<string | undefined>): Redact {
  const known = [...new Set(secrets)].filter((secret) => secret !== undefined && secret.length >= SHORTEST_SECRET) as string[];
  // The longest first: one may be part of another.
  known.sort((a, b) => b.length - a.length);

  const inText = (text: string) =>
    known.reduce((seen, secret) => seen.replaceAll(secret, HIDDEN), text).replace(IN_ADDRESS, `$1${HIDDEN}@`);

  const walk = (value: unknown, depth: number, above: readonly object[]): unknown => {
    if (typeof value === 'string') return inText(value);
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    if (above.includes(value) || depth > DEEPEST) return '...';
    const inner = [...above, value];
    if (value instanceof Error) return ofError(value, depth, inner);
    if (value instanceof Date || ArrayBuffer.isView(value)) return value instanceof Date ? value : `${value.byteLength} bytes`;
    if (Array.isArray(value)) return value.map((part) => walk(part, depth + 1, inner));
    const entries = value instanceof Map ? ([...value] as [string, unknown][]) : Object.entries(value);
    return Object.fromEntries(
      entries.map(([name, part]) => [
        name,
        SECRET_NAME.test(name) && part !== undefined && part !== null ? HIDDEN : walk(part, depth + 1, inner),
      ]),
    );
  };

  const ofError = (error: Error, depth: number, above: readonly object[]): unknown => ({
    type: error.name,
    message: inText(error.message),
    ...('code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? { code: error.code } : {}),
    ...(error.stack ? { stack: inText(error.stack) } : {}),
    ...(error.cause === undefined ? {} : { cause: walk(error.cause, depth + 1, above) }),
  });

  return (value) => walk(value, 0, []);
}
