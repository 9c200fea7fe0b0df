/** The machine itself, as `detectIdentity` asks it. */
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { IdentitySources } from './cloud.js';

const LARGEST_ANSWER = 64 * 1024;

export const machineSources: IdentitySources = {
  readFile: (path) => readFile(path, 'utf8').catch(() => undefined),
  async fetch(url, request, signal) {
    const response = await fetch(url, { ...request, redirect: 'error', signal });
    if (response.status !== 200 || response.body === null) throw new Error(`status ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > LARGEST_ANSWER) throw new Error('the answer is too large');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  },
  hostname,
  lookup: async (name) => (await lookup(name, { family: 4 })).address,
};
