/** What would stop an agent anyway is found before it begins. */
import { accessSync, constants, statSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { BerthError } from '@berth/wire';
import { settingOf } from './agent-schema.js';
import type { AgentSettings, SettingName } from './agent-settings.js';
import { nameInFile } from './setting.js';
import { canMake } from './settings.js';

/** It must exist, be a directory, and be writable; it is never made (seed spec 2). Errors: `scratch-unusable`. */
export function checkScratchRoot(path: string): void {
  const bad = (why: string, cause?: unknown) =>
    new BerthError('scratch-unusable', `the scratch root ${path} ${why}`, { cause, fields: { path } });
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw bad(code === 'ENOENT' ? 'does not exist' : `cannot be used: ${message}`, error);
  }
  if (!isDirectory) throw bad('is not a directory');
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw bad(code === 'EACCES' ? 'may not be written' : `cannot be written: ${message}`, error);
  }
}

/**
 * Binds the port and lets it go again; port 0 is always free. Somebody may take it in between: the real bind can still fail, with the
 * same error. Errors: `port-in-use`, `bad-config` (no such address, or not allowed).
 */
export async function checkPortFree(host: string, port: number, setting: SettingName): Promise<void> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    throw bindFailure(error, host, port, setting);
  } finally {
    server.close();
  }
}

/** What went wrong with a bind, in the words of the setting that asked for it. */
export function bindFailure(error: unknown, host: string, port: number, setting: SettingName): BerthError {
  const { code, message } = error as NodeJS.ErrnoException;
  const { from } = settingOf(setting);
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const fields = { setting: nameInFile(from), address: where };
  const also = from.env ? ` (${from.env[0]})` : '';
  if (code === 'EADDRINUSE') {
    const fix = `Stop what listens there (\`ss -ltnp\` tells), or choose another with --${from.flag}${also}.`;
    return new BerthError('port-in-use', `${where} is in use already`, { cause: error, fix, fields });
  }
  const fix = `Choose an address of this machine and a port that this user may bind with --${from.flag}${also}.`;
  return new BerthError('bad-config', `${where} cannot be bound: ${message}`, { cause: error, fix, fields });
}

const SYSTEM_STATE = '/var/lib/berth';

/**
 * Where journals go when --state-dir is not given: below /var/lib/berth where that can be written, else below the scratch root. It is
 * one of its own for each namespace and id, so that two agents of one machine never meet.
 */
export function defaultStateDirectory(
  { scratchRoot, namespace }: Pick<AgentSettings, 'scratchRoot' | 'namespace'>,
  instanceId: string,
): string {
  const base = join(SYSTEM_STATE, 'agents', namespace, instanceId);
  return canMake(base) ? base : join(scratchRoot, `.berth-${instanceId}`);
}
