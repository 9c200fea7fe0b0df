/** Says what takes so long: a spinner, for a person at a terminal only. */
import { systemClock } from '@berth/base';
import type { Terminal } from './terminal.js';

/** Quick steps show nothing. */
const SHOWN_AFTER_MS = 300;

/** Shows `text` while `work` is under way. */
export async function during<T>({ stderr, stderrIsTTY }: Terminal, text: string, work: Promise<T>): Promise<T> {
  if (!stderrIsTTY) return work;
  let over = false;
  let stop = () => {};
  const timer = systemClock.after(SHOWN_AFTER_MS, () => {
    void import('yocto-spinner').then(({ default: spinner }) => {
      if (over) return;
      const shown = spinner({ text, stream: stderr, handleSignals: false }).start();
      stop = () => void shown.stop();
    });
  });
  try {
    return await work;
  } finally {
    over = true;
    timer.cancel();
    stop();
  }
}
