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
  const columns = (stderr as { readonly columns?: number }).columns ?? 80;
  let shownAt = systemClock.monotonic();
  if (stderrIsTTY) stderr.write(`pulling ${oneLine(reference)}`.slice(0, columns - 1));
  else stderr.write(`berth: pulling ${oneLine(reference)}\n`);
  return {
    update(progress) {
      summary.add(progress);
      const now = systemClock.monotonic();
      if (now - shownAt < interval) return;
      shownAt = now;
      const text = `pulling ${oneLine(reference)}: ${summary}`;
      stderr.write(stderrIsTTY ? CLEAR + text.slice(0, columns - 1) : `berth: ${text}\n`);
    },
    end() {
      if (stderrIsTTY) stderr.write(CLEAR);
    },
  };
}
