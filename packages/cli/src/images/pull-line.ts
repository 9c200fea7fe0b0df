/** Shows how a pull goes: one line that changes for a person at a terminal, a line now and then otherwise. */
import { systemClock } from '@berth/base';
import { oneLine, type Terminal } from '../terminal.js';
import { PullSummary, type LayerProgress } from './pull-summary.js';

const REDRAW_MS = 100;
const PLAIN_MS = 10_000;
/** Goes to the beginning of the line and clears it. */
const CLEAR = '\r\u001b[K';

export interface PullLine {
  update(progress: LayerProgress): void;
  /** Takes the changing line away. */
  end(): void;
}

export function pullLine({ stderr, stderrIsTTY }: Terminal, reference: string): PullLine {
  const summary = new PullSummary();
  const interval = stderrIsTTY ? REDRAW_MS : PLAIN_MS;
  // A terminal that was never told its size says 0.
  const columns = (stderr as { readonly columns?: number }).columns || 80;
  let shownAt = systemClock.monotonic();
  const show = () => {
    const text = String(summary);
    if (stderrIsTTY) stderr.write(`${CLEAR}${fitted(oneLine(reference), text, columns - 1)}`);
    else stderr.write(`berth: pulling ${oneLine(reference)}${text && `: ${text}`}\n`);
  };
  show();
  return {
    update(progress) {
      summary.add(progress);
      const now = systemClock.monotonic();
      if (now - shownAt < interval) return;
      shownAt = now;
      show();
    },
    end() {
      if (stderrIsTTY) stderr.write(CLEAR);
    },
  };
}

/** One line of at most `width` characters: of a long reference the end counts, where name and tag are. Pure. */
export function fitted(reference: string, text: string, width: number): string {
  const end = text && `: ${text}`;
  const room = Math.max(0, width - 'pulling '.length - end.length);
  const shown = reference.length <= room ? reference : `…${reference.slice(reference.length - room + 1)}`;
  return `pulling ${shown}${end}`.slice(0, Math.max(0, width));
}
