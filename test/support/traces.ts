/** What there is of an agent's kernels outside its memory. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ManagedAgent } from './managed-agent.js';

/** Runs `docker` and resolves with the lines that it prints. */
export async function runDocker(socketPath: string, ...args: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('docker', ['-H', `unix://${socketPath}`, ...args]);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Names of scratch directories, journals and containers; with `kernelId` of that kernel only. */
export async function tracesOf(agent: ManagedAgent, socketPath: string, kernelId = ''): Promise<string[]> {
  const places = [agent.scratchRoot, join(agent.directory, 'state', 'state', 'kernels')];
  const names = (await Promise.all(places.map((place) => readdir(place)))).flat();
  const mine = ['--filter', `label=ai.berth.namespace=${agent.namespace}`, '--filter', `name=${kernelId}`];
  const containers = await runDocker(socketPath, 'ps', '-a', '--format', '{{.Names}}', ...mine);
  return [...names.filter((name) => !name.startsWith('.') && name.includes(kernelId)), ...containers];
}

/** Kernels whose end the agent still remembers to tell. */
export const noticesOf = (agent: ManagedAgent): Promise<string[]> => readdir(join(agent.directory, 'state', 'notices'));
