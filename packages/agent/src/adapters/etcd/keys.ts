/** Keys and values as etcd has them: bytes. */

export const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

/** End of the range of all keys that begin with `prefix`, exclusive. */
export function rangeEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 0xff) {
      end[i]! += 1;
      return end.subarray(0, i + 1);
    }
  }
  // etcd's word for "to the end".
  return Buffer.from([0]);
}

/** The key that comes right after `key`. */
export const successor = (key: Buffer): Buffer => Buffer.concat([key, Buffer.from([0])]);

/** The revision after one that etcd told; it has 64 bits and travels as text. */
export const nextRevision = (revision: string): string => String(BigInt(revision) + 1n);
