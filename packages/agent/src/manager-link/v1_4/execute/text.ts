/** Bytes of a stream become text piece by piece, and no character is split. Pure. */

/** The beginning of a character whose rest has not come yet. */
export interface Carry {
  /** At most three. */
  readonly bytes: Uint8Array;
  /** Number of the record in which it begins. */
  readonly since: number;
}

export const NO_CARRY: Carry = { bytes: new Uint8Array(0), since: Infinity };

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The text of `data`, which came in record `seq` after `carry`. What is not UTF-8 becomes U+FFFD; never more characters than bytes. */
export function decodeOn(carry: Carry, data: Uint8Array, seq: number): { readonly text: string; readonly carry: Carry } {
  const bytes = carry.bytes.length === 0 ? data : Buffer.concat([carry.bytes, data]);
  const end = bytes.length - incompleteTail(bytes);
  const text = decoder.decode(bytes.subarray(0, end));
  if (end === bytes.length) return { text, carry: NO_CARRY };
  // A copy: the record is let go of.
  const since = end < carry.bytes.length ? carry.since : seq;
  return { text, carry: { bytes: Uint8Array.from(bytes.subarray(end)), since } };
}

/** What becomes of a carry when the stream ends. */
export const decodeRest = (carry: Carry): string => decoder.decode(carry.bytes);

/** Bytes at the end that begin a character which more bytes could complete. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    // Any lead byte begins anew, so to cut before one never changes what the text says.
    if (byte >= 0xc0) return back < lengthOf(byte) ? back : 0;
  }
  return 0;
}

function lengthOf(lead: number): number {
  if (lead >= 0xf5) return 1;
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/** `text` cut to `mostBytes` of UTF-8, between two characters. */
export function cutText(text: string, mostBytes: number): string {
  // No character takes more than three bytes for each unit.
  if (text.length * 3 <= mostBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  const kept = bytes.subarray(0, mostBytes);
  return decoder.decode(kept.subarray(0, kept.length - incompleteTail(kept)));
}
