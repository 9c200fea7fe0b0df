/** `berth up` in the foreground: a node until a signal or a call ends it. */
import type { RunningNode, UpOptions } from './up.js';

/** Resolves when the node has stopped. TERM and INT leave the sessions running. `onReady` is told once it serves. */
export async function serve(options: UpOptions, onReady: (node: RunningNode) => void): Promise<void> {
  // Only now: user commands share this entry and should not wait for an agent to load.
  const { up } = await import('./up.js');
  const node = await up(options);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void node.stop({ terminate: false }));
  onReady(node);
  await node.stopped;
}
