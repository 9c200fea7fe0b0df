/** Redis for tests: one of their own that they may kill, and `redis-cli`. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePorts } from '../../scripts/services/ports.mjs';
import { redisAnswers, redisArguments } from '../../scripts/services/redis.mjs';
import { OwnServer } from './own-server.js';

export async function startRedis(): Promise<OwnServer> {
  const [port] = (await freePorts(1)) as [number];
  return OwnServer.start(
    port,
    (directory) => ({ program: 'redis-server', args: redisArguments(directory, port) }),
    () => redisAnswers(port),
  );
}

/** Runs `redis-cli` and resolves with the lines that it prints. */
export async function redisCli(port: number, ...args: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), ...args]);
  return stdout.replace(/\n$/, '').split('\n');
}
