/**
 * Paths that are compiled into Node and its loader and that they open at every start. Inside a kernel these paths belong to the
 * image, which may be hostile or empty, so in our copies they point into the carry. A new path is never longer than the old one
 * and ends with a zero byte like it; nothing else of the file moves.
 */

/** One path to replace. */
export interface Relocation {
  readonly from: string;
  readonly to: string;
}

/** What a glibc loader opens by fixed name. The first would load code of the image into the runner. Neither exists in the carry. */
export const LOADER_RELOCATIONS: readonly Relocation[] = [
  { from: '/etc/ld.so.preload', to: '/opt/berth/preload' },
  { from: '/etc/ld.so.cache', to: '/opt/berth/cache' },
];

/** A copy of `bytes` with each zero-terminated `from` replaced, wherever it occurs. Throws RangeError when a new path is too long. Pure. */
export function relocate(bytes: Buffer, relocations: readonly Relocation[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const { from, to } of relocations) {
    if (to.length > from.length) throw new RangeError(`${to} is longer than ${from}`);
    const pattern = Buffer.from(`${from}\0`);
    const replacement = Buffer.from(to.padEnd(from.length + 1, '\0'));
    for (let at = copy.indexOf(pattern); at >= 0; at = copy.indexOf(pattern, at + pattern.length)) replacement.copy(copy, at);
  }
  return copy;
}

/**
 * Absolute, zero-terminated paths of JavaScript files in a program. Distributions build Node so that parts of its library are
 * read from such files (`--shared-builtin-*-path`), and it aborts at start when one is missing. Pure.
 */
export function embeddedScriptPaths(bytes: Buffer): string[] {
  const paths = new Set<string>();
  const end = Buffer.from('.js\0');
  for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, at + end.length)) {
    const start = bytes.lastIndexOf(0, at) + 1;
    const length = at + 3 - start;
    if (length > 4096) continue;
    const text = bytes.toString('latin1', start, at + 3);
    if (/^\/[\w.+@/-]+$/.test(text)) paths.add(text);
  }
  return [...paths].sort();
}
