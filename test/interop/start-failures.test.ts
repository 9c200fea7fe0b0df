/** What keeps `berth agent` from starting is said in one line, with a documented exit code, and leaves nothing. */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { etcdctl, startEtcd } from '../support/etcd.js';
import { ManagedAgent } from '../support/managed-agent.js';
import { freshNamespace } from '../support/manager-world.js';
import type { OwnServer } from '../support/own-server.js';
import { describeWithDocker, describeWithEtcd } from '../support/services.js';

const MAIN = new URL('../../packages/cli/bin/berth.js', import.meta.url).pathname;

describeWithDocker('berth agent does not start', (docker) =>
  describeWithEtcd('on etcd', (etcd) => {
    let directory: string;
    let scratch: string;
    let locked: OwnServer;
    let taken: Server;
    let port: number;
    beforeAll(async () => {
      locked = await startEtcd();
      for (const args of [
        ['user', 'add', 'root:secret'],
        ['user', 'grant-role', 'root', 'root'],
        ['auth', 'enable'],
      ]) {
        await etcdctl(`127.0.0.1:${locked.port}`, ...args);
      }
      taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      port = (taken.address() as { port: number }).port;
    }, 60_000);
    afterAll(async () => {
      taken?.close();
      await locked?.dispose();
    });
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'berth-start-'));
      scratch = join(directory, 'scratch');
      await mkdir(scratch);
    });
    afterEach(() => rm(directory, { recursive: true, force: true }));

    /** Flags that would do, and what a case changes about them. */
    const flags = (change: Readonly<Record<string, string>>) =>
      Object.entries({
        'etcd-addr': etcd.address,
        namespace: 'start-failures',
        'scratch-root': scratch,
        'state-dir': join(directory, 'state'),
        'agent-host-override': '127.0.0.1',
        'agent-bind': '127.0.0.1',
        'agent-port': '0',
        'instance-id': 'i-x',
        ...change,
      }).flatMap(([name, value]) => (value === '' ? [] : [`--${name}`, value]));

    async function start(change: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) {
      const clean = { ...process.env, DOCKER_HOST: `unix://${docker.socketPath}`, NO_COLOR: '1', ...env };
      delete (clean as NodeJS.ProcessEnv)['NODE_EXTRA_CA_CERTS'];
      const child = spawn(process.execPath, [MAIN, 'agent', ...flags(change)], { env: clean, cwd: directory });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      child.stdout.resume();
      const [code] = (await once(child, 'close')) as [number | null];
      const lines = said.split('\n').filter((line) => line.startsWith('berth:'));
      return { code, said, lines };
    }

    const free = '16999';
    type Case = readonly [
      what: string,
      change: () => Readonly<Record<string, string>>,
      code: number,
      says: string,
      env?: NodeJS.ProcessEnv,
    ];
    const cases: readonly Case[] = [
      ['with an address of etcd that is none', () => ({ 'etcd-addr': 'localhost' }), 64, 'HOST:PORT'],
      ['with an etcd that is not there', () => ({ 'etcd-addr': '127.0.0.1:1' }), 69, 'etcd'],
      ['without the password of etcd', () => ({ 'etcd-addr': `127.0.0.1:${locked.port}` }), 77, 'etcd'],
      [
        'with a wrong password',
        () => ({ 'etcd-addr': `127.0.0.1:${locked.port}`, 'etcd-user': 'root' }),
        77,
        'etcd',
        { BERTH_ETCD_PASSWORD: 'wrong' },
      ],
      ['without a scratch root', () => ({ 'scratch-root': join(directory, 'none') }), 78, 'does not exist'],
      ['on a scratch root that is a file', () => ({ 'scratch-root': join(directory, 'file') }), 78, 'is not a directory'],
      ['on a port that is taken', () => ({ 'agent-port': String(port) }), 73, '--agent-port'],
      ['without Docker', () => ({}), 69, 'Docker', { DOCKER_HOST: 'unix:///nowhere/docker.sock' }],
      ['with a placeholder of the guide left in', () => ({ namespace: '{NS}' }), 64, 'placeholder'],
      ['with keys for S3 and no bucket', () => ({}), 78, 'bucket', { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }],
      ['where its state cannot be kept', () => ({ 'state-dir': join(directory, 'file', 'below') }), 74, '--state-dir'],
    ];
    for (const [what, change, code, says, env] of cases)
      it(what, { timeout: 30_000 }, async () => {
        await writeFile(join(directory, 'file'), '');
        await chmod(join(directory, 'file'), 0o600);
        const ended = await start({ 'agent-port': free, ...change() }, env);
        expect([ended.code, ended.said]).toEqual([code, expect.stringContaining(says) as string]);
        expect(ended.lines).toHaveLength(1);
        expect(ended.said).not.toMatch(/^\s+at /m);
        expect(ended.said).not.toContain('wrong');
        expect(await readdir(scratch)).toEqual([]);
        expect(await etcdctl(etcd.address, 'get', '--prefix', '/sorna/start-failures/')).toBe('');
      });

    it('on the scratch root of another agent', { timeout: 60_000 }, async () => {
      const other = await ManagedAgent.start({ docker, etcd: etcd.address, namespace: freshNamespace() });
      try {
        const ended = await start({ 'agent-port': free, 'scratch-root': other.scratchRoot });
        expect([ended.code, ended.lines]).toEqual([
          73,
          [expect.stringContaining('another agent uses the scratch root') as string],
        ]);
      } finally {
        await other.dispose();
      }
    });
  }),
);
