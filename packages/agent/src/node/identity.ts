/** Who this agent is: ids that stay with the state directory, an epoch that grows with each start, the machine's boot. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { BerthError } from '@berth/wire';

export interface AgentIdentity {
  readonly agentId: string;
  /** Names the state directory; containers of another one are never touched. */
  readonly stateId: string;
  readonly epoch: number;
}

/** Reads `agent.json` of the state directory, or makes it, and counts the epoch up. Errors: `state-unwritable`. */
export async function takeIdentity(stateDirectory: string): Promise<AgentIdentity> {
  const path = join(stateDirectory, 'agent.json');
  const earlier = await readIdentity(path);
  const fresh = () => randomBytes(6).toString('hex');
  const identity = {
    agentId: earlier?.agentId ?? `i-${fresh()}`,
    stateId: earlier?.stateId ?? fresh(),
    epoch: (earlier?.epoch ?? 0) + 1,
  };
  try {
    await replaceFile(path, `${JSON.stringify(identity)}\n`);
  } catch (error) {
    throw new BerthError('state-unwritable', `${stateDirectory} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return identity;
}

async function readIdentity(path: string): Promise<AgentIdentity | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { agentId, stateId, epoch } = JSON.parse(text) as AgentIdentity;
    if (typeof agentId === 'string' && typeof stateId === 'string' && Number.isSafeInteger(epoch))
      return { agentId, stateId, epoch };
  } catch {
    // Told below.
  }
  throw new BerthError('bad-config', `${path} is damaged`, {
    fix: 'Restore it from a backup; without it, the sessions of this node cannot be found. To begin anew, move the state directory away.',
  });
}

/** Changes with each boot of the machine. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
