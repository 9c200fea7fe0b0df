/** `berth agent`: a node under a manager, in the foreground. */
import type { ResolvedSettings } from '../config/agent-settings.js';
import type { RunningAgent } from './running-agent.js';

/** Resolves when the agent has stopped. TERM and INT stop it. `onReady` is told once it serves. */
export async function serveAgent(resolved: ResolvedSettings, onReady: (agent: RunningAgent) => void): Promise<void> {
  // Only now: user commands share this entry and should not wait for an agent to load.
  const { startManagedNode } = await import('./managed-node.js');
  const { agent, stopped } = await startManagedNode(resolved);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void agent.stop());
  onReady(agent);
  await stopped;
}
