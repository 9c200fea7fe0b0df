/** Where a file of a run lies in the object store (seed spec 11). Pure. */

/** S3's longest key, in bytes. */
const LONGEST_KEY = 1024;

/** `<prefix>/<kernel>/<name>`; undefined where that is longer than a key may be. `prefix` may be empty. */
export function objectKey(prefix: string, kernelId: string, name: string): string | undefined {
  const key = [prefix, kernelId, name].filter((part) => part !== '').join('/');
  return Buffer.byteLength(key) <= LONGEST_KEY ? key : undefined;
}
