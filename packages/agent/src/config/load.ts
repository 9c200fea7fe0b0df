/** Settings of this process: its environment, and the file that it is told of. */
import { open } from 'node:fs/promises';
import { BerthError } from '@berth/wire';
import type { Flags, ResolvedSettings } from './agent-settings.js';
import { resolveAgentSettings } from './resolve.js';
import type { Environment, EtcdValues, Sources } from './sources.js';
import { secrets } from './warnings.js';

const LARGEST_FILE = 1 << 20;

export interface Asked {
  /** With `config`, the file. */
  readonly flags: Flags;
  readonly env?: Environment;
  readonly etcd?: EtcdValues;
}

/** Errors: `file-unreadable`, `bad-usage`, `bad-config`. */
export async function loadAgentSettings(asked: Asked): Promise<ResolvedSettings> {
  const { sources, openToOthers } = await readSources(asked);
  const resolved = resolveAgentSettings(sources);
  if (!openToOthers || secrets(resolved.origins, 'file').length === 0) return resolved;
  const { path } = sources.file!;
  return { ...resolved, warnings: [...resolved.warnings, `${path} has secrets and others may read it: chmod 600 ${path}`] };
}

/** Everything that settings are made from. Errors: `file-unreadable`, `bad-config`. */
export async function readSources({
  flags,
  env = process.env,
  etcd,
}: Asked): Promise<{ sources: Sources; openToOthers: boolean }> {
  const typed = flags['config'];
  const path = (typeof typed === 'string' && typed) || env['BERTH_CONFIG'];
  if (!path) return { sources: { flags, env, etcd }, openToOthers: false };
  const { text, mode } = await read(path);
  return { sources: { flags, env, file: { path, text }, etcd }, openToOthers: (mode & 0o077) !== 0 };
}

async function read(path: string): Promise<{ text: string; mode: number }> {
  try {
    const handle = await open(path, 'r');
    try {
      const { mode } = await handle.stat();
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > LARGEST_FILE) throw new BerthError('bad-config', `${path} is larger than 1 MiB`);
      }
      return { text: Buffer.concat(chunks).toString(), mode };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof BerthError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new BerthError('file-unreadable', code === 'ENOENT' ? `${path} does not exist` : `${path} cannot be read: ${message}`, {
      cause: error,
      fix: 'Name the file with -f (--config) or BERTH_CONFIG; `berth config init -f FILE` makes one.',
    });
  }
}
