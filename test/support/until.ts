/** For what nobody tells of: asks again and again until it is so. The test's own time limit ends it. */
import { setTimeout as delay } from 'node:timers/promises';

export async function until(test: () => Promise<boolean> | boolean, everyMs = 100): Promise<void> {
  while (!(await test())) await delay(everyMs);
}
