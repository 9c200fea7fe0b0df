/** A node that was started for somebody's sessions ends by itself soon after the last of them. */
import { sleep, systemClock, type Clock } from '@berth/base';
import type { KernelService } from '@berth/wire';

/** From the end of the last session to the end of the node; also from the start, for a node that nobody comes to use. */
const LINGER_MS = 10_000;
const LOOK_MS = 500;

/** Resolves once no session has lived for the whole of the linger time; rejects when `signal` aborts. */
export async function untilUnused(
  service: Pick<KernelService, 'listKernels'>,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  let idleFor = 0;
  while (idleFor < LINGER_MS) {
    await sleep(LOOK_MS, signal, clock);
    idleFor = service.listKernels().length === 0 ? idleFor + LOOK_MS : 0;
  }
}
