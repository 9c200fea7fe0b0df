/** How far a transfer is: one line that changes, for a person at a terminal only. */
import { systemClock } from '@berth/base';
import { oneLine, type Terminal } from '../terminal.js';
import { inUnits } from '../units.js';

const REDRAW_MS = 100;
/** Quick transfers show nothing. */
const SHOWN_AFTER_MS = 500;
const BAR_LENGTH = 20;
/** Goes to the beginning of the line and clears it. */
const CLEAR = '\r\u001b[K';

export interface ProgressLine {
  /** The same content, counted as it passes. */
  count(content: AsyncIterable<Uint8Array>, from?: number): AsyncIterable<Uint8Array>;
  /** Takes the line away. */
  end(): void;
}

/** `total`: bytes in all, undefined where nobody knows. */
export function progressLine({ stderr, stderrIsTTY }: Terminal, name: string, total: number | undefined): ProgressLine {
  const began = systemClock.monotonic();
  let shownAt = began + SHOWN_AFTER_MS - REDRAW_MS;
  let shown = false;
  const show = (bytes: number) => {
    const now = systemClock.monotonic();
    if (!stderrIsTTY || now - shownAt < REDRAW_MS) return;
    shownAt = now;
    shown = true;
    // A terminal that was never told its size says 0.
    const columns = (stderr as { readonly columns?: number }).columns || 80;
    stderr.write(CLEAR + progressText(oneLine(name), bytes, total, now - began).slice(0, columns - 1));
  };
  return {
    async *count(content, from = 0) {
      let bytes = from;
      for await (const chunk of content) {
        bytes += chunk.length;
        show(bytes);
        yield chunk;
      }
    },
    end() {
      if (shown) stderr.write(CLEAR);
    },
  };
}

/** For example `data.csv  [##########----------]  50 % of 8.0 GB, 120 MB/s`. Pure. */
export function progressText(name: string, bytes: number, total: number | undefined, ms: number): string {
  const speed = ms > 0 ? `, ${inUnits(Math.round((bytes * 1000) / ms))}/s` : '';
  if (!total) return `${name}  ${inUnits(bytes)}${speed}`;
  const share = Math.min(1, bytes / total);
  const bar = '#'.repeat(Math.round(share * BAR_LENGTH)).padEnd(BAR_LENGTH, '-');
  return `${name}  [${bar}]  ${Math.floor(share * 100)} % of ${inUnits(total)}${speed}`;
}
