import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPortFree, checkScratchRoot, defaultStateDirectory } from './checks.js';

describe('checkScratchRoot', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-checks-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const unusable = (message: string) => expect.objectContaining({ code: 'scratch-unusable', message }) as Error;

  it('takes a directory that can be written', () => {
    expect(() => checkScratchRoot(directory)).not.toThrow();
  });

  it('does not make a missing one', async () => {
    const path = join(directory, 'missing');
    expect(() => checkScratchRoot(path)).toThrow(unusable(`the scratch root ${path} does not exist`));
    expect(await readdir(directory)).toEqual([]);
  });

  it('takes no file', async () => {
    const path = join(directory, 'file');
    await writeFile(path, '');
    expect(() => checkScratchRoot(path)).toThrow(unusable(`the scratch root ${path} is not a directory`));
  });

  it('takes none that cannot be written', async () => {
    if (process.getuid!() === 0) {
      // Root may write anywhere but where nobody can.
      expect(() => checkScratchRoot('/proc/self')).toThrow(/the scratch root \/proc\/self (may not|cannot) be written/);
      return;
    }
    await chmod(directory, 0o500);
    expect(() => checkScratchRoot(directory)).toThrow(unusable(`the scratch root ${directory} may not be written`));
  });
});

describe('checkPortFree', () => {
  it('finds a port that is taken, and names the flag', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      await expect(checkPortFree(host, port, 'agentPort')).rejects.toMatchObject({
        code: 'port-in-use',
        message: `${host}:${port} is in use already`,
        fix: expect.stringContaining('--agent-port (BACKEND_AGENT_PORT)') as string,
      });
    }
    await new Promise((closed) => server.close(closed));
    await expect(checkPortFree('127.0.0.1', port, 'agentPort')).resolves.toBeUndefined();
    // The check itself holds it no longer.
    await expect(checkPortFree('0.0.0.0', port, 'agentPort')).resolves.toBeUndefined();
  });

  it('finds an address that is not of this machine', async () => {
    await expect(checkPortFree('192.0.2.1', 6001, 'agentBind')).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(/^192\.0\.2\.1:6001 cannot be bound: /) as string,
      fix: expect.stringContaining('--agent-bind') as string,
    });
  });
});

describe('defaultStateDirectory', () => {
  it('is one of its own for each namespace and id', () => {
    const paths = [
      ['a', 'i-1'],
      ['a', 'i-10'],
      ['b', 'i-1'],
    ].map(([namespace, id]) => defaultStateDirectory({ scratchRoot: `/${namespace}`, namespace: namespace! }, id!));
    expect(new Set(paths).size).toBe(3);
    const inSystem = process.getuid!() === 0;
    expect(paths[0]).toBe(inSystem ? '/var/lib/berth/agents/a/i-1' : '/a/.berth-i-1');
  });
});
