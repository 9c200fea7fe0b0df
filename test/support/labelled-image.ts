/** An image like another, with labels of its own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export async function buildLabelled(
  socketPath: string,
  base: string,
  tag: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const building = promisify(execFile)('docker', ['-H', `unix://${socketPath}`, 'build', '-q', '-t', tag, '-']);
  const pairs = Object.entries(labels).map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`);
  building.child.stdin!.end([`FROM ${base}`, ...pairs, ''].join('\n'));
  await building;
}
