import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '@berth/base';
import { dumpEtcd, etcdctl, startEtcd, startEtcdCluster, startTlsEtcd } from '../../../test/support/etcd.js';
import type { OwnServer } from '../../../test/support/own-server.js';
import { describeWithEtcd } from '../../../test/support/services.js';
import { follow } from '../src/adapters/etcd/follow.js';
import { EtcdCoordinator, type EtcdOptions } from '../src/adapters/etcd/index.js';
import type { KeyState } from '../src/ports/coordinator.js';
import { until } from './coordinator-suite.js';
import { LinesLogger } from './etcd-fixture.js';
import { FaultProxy } from './fault-proxy.js';

const PREFIX = '/sorna/local/';
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Nobody listens there. */
const NO_PORT = 1;

describeWithEtcd('the etcd coordinator in outages', () => {
  let etcd: OwnServer;
  let logger: LinesLogger;
  const open: (() => Promise<void>)[] = [];

  const connect = (options: Partial<EtcdOptions> = {}) => {
    const coordinator = new EtcdCoordinator({ endpoints: [etcd.address], prefix: PREFIX, logger, ...options });
    open.unshift(() => coordinator.close());
    return coordinator;
  };
  const proxied = async () => {
    const proxy = await FaultProxy.start({ host: '127.0.0.1', port: etcd.port });
    open.push(() => proxy.close());
    return proxy;
  };
  const value = async (key: string) => (await dumpEtcd(etcd.address, PREFIX + key)).get(PREFIX + key);
  const followed = (coordinator: EtcdCoordinator, keys: readonly string[]) => {
    const controller = new AbortController();
    const latest = new Map<string, string | null>();
    const ended = (async () => {
      for await (const state of coordinator.follow(keys, controller.signal)) latest.set(state.key, state.value);
    })();
    open.unshift(async () => (controller.abort(), ended));
    return latest;
  };

  beforeEach(async () => {
    etcd = await startEtcd();
    logger = new LinesLogger();
  });
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
    await etcd.dispose();
  });

  it('a killed etcd that comes back after 6 s: keys and follows go on, two lines in the log', { timeout: 60_000 }, async () => {
    const coordinator = connect();
    const latest = followed(coordinator, ['nodes/manager']);
    const held = await coordinator.hold({ 'nodes/agents/i-h1': 'running' }, 20);
    await until(async () => latest.get('nodes/manager') === null);
    await etcd.stop('SIGKILL');
    await until(async () => !coordinator.state().ok || (await coordinator.get('x'), false));
    await delay(6_000);
    await etcd.start();
    await etcdctl(etcd.address, 'put', `${PREFIX}nodes/manager`, 'm1');
    const began = performance.now();
    await until(async () => latest.get('nodes/manager') === 'm1');
    await until(async () => coordinator.state().ok);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(await value('nodes/agents/i-h1')).toBe('running');
    await held.release();
    expect(await value('nodes/agents/i-h1')).toBeUndefined();
    expect(logger.lines).toEqual(['etcd cannot be used; trying again', 'etcd is back']);
  });

  it('an etcd that lost all its data is given the keys again', { timeout: 60_000 }, async () => {
    const coordinator = connect();
    const latest = followed(coordinator, ['nodes/manager']);
    await etcdctl(etcd.address, 'put', `${PREFIX}nodes/manager`, 'm1');
    await coordinator.hold({ 'nodes/agents/i-h1': 'running' }, 3);
    await until(async () => latest.get('nodes/manager') === 'm1');
    await etcd.stop('SIGKILL');
    await promisify(execFile)('rm', ['-rf', join(etcd.directory, 'data')]);
    await etcd.start();
    await until(async () => (await value('nodes/agents/i-h1')) === 'running');
    await until(async () => latest.get('nodes/manager') === null);
    await etcdctl(etcd.address, 'put', `${PREFIX}nodes/manager`, 'm2');
    await until(async () => latest.get('nodes/manager') === 'm2');
  });

  it('a lease that ran out while etcd could not be reached is taken anew', { timeout: 60_000 }, async () => {
    const proxy = await proxied();
    const coordinator = connect({ endpoints: [proxy.address] });
    await coordinator.hold({ 'nodes/agents/i-h1': 'running' }, 2);
    proxy.refuse();
    await until(async () => (await value('nodes/agents/i-h1')) === undefined);
    proxy.resume();
    await until(async () => (await value('nodes/agents/i-h1')) === 'running');
    await until(async () => logger.lines.length >= 3);
    expect(logger.lines).toEqual([
      'etcd cannot be used; trying again',
      'etcd is back',
      'the lease was lost; the keys are there again under a new one',
    ]);
  });

  it('nothing spins while etcd refuses: few attempts, one line', { timeout: 60_000 }, async () => {
    const proxy = await proxied();
    const coordinator = connect({ endpoints: [proxy.address] });
    for (let i = 0; i < 3; i++) followed(coordinator, [`key-${i}`]);
    await coordinator.hold({ a: '1' }, 6);
    proxy.refuse();
    proxy.attempts = 0;
    await delay(8_000);
    expect(proxy.attempts).toBeGreaterThan(0);
    expect(proxy.attempts).toBeLessThan(60);
    expect(logger.lines).toEqual(['etcd cannot be used; trying again']);
  });

  it('a network that swallows is noticed, and survived', { timeout: 90_000 }, async () => {
    const proxy = await proxied();
    const coordinator = connect({ endpoints: [proxy.address] });
    const latest = followed(coordinator, ['nodes/manager']);
    await coordinator.hold({ 'nodes/agents/i-h1': 'running' }, 3);
    await until(async () => latest.has('nodes/manager'));
    proxy.stall();
    const began = performance.now();
    await expect(coordinator.get('a')).rejects.toMatchObject({ code: 'coordinator-unavailable' });
    expect(performance.now() - began).toBeLessThan(4_500);
    await until(async () => (await value('nodes/agents/i-h1')) === undefined);
    // As a network that forgot its connections, not as one that delivers late.
    proxy.cut();
    proxy.resume();
    await etcdctl(etcd.address, 'put', `${PREFIX}nodes/manager`, 'm1');
    await until(async () => (await value('nodes/agents/i-h1')) === 'running' && latest.get('nodes/manager') === 'm1');
  });

  it('a revision that was compacted between look and watch leads to a new look', async () => {
    const coordinator = connect();
    const told: (string | null)[] = [];
    const controller = new AbortController();
    const watched = coordinator.watched(['a']);
    let looks = 0;
    const compacting = {
      async look(signal: AbortSignal) {
        const look = await watched.look(signal);
        looks += 1;
        if (looks > 1) return look;
        for (let i = 0; i < 5; i++) await coordinator.put({ a: String(i) });
        const { header } = JSON.parse(await etcdctl(etcd.address, 'get', 'x', '-w', 'json')) as { header: { revision: number } };
        await etcdctl(etcd.address, 'compact', String(header.revision));
        return look;
      },
      watch: watched.watch,
    };
    for await (const { value } of follow(compacting, controller.signal, systemClock)) {
      told.push(value);
      if (value === '4') controller.abort();
    }
    expect(told).toEqual([null, '4']);
    expect(looks).toBe(2);
  });

  it('a follow goes on when history is compacted under it', async () => {
    const coordinator = connect();
    const latest = followed(coordinator, ['a']);
    for (let i = 0; i < 20; i++) await coordinator.put({ a: String(i) });
    const { header } = JSON.parse(await etcdctl(etcd.address, 'get', 'x', '-w', 'json')) as { header: { revision: number } };
    await etcdctl(etcd.address, 'compact', String(header.revision), '--physical');
    await coordinator.put({ a: 'last' });
    await until(async () => latest.get('a') === 'last');
  });

  it('a server that is dead from the start is passed by', async () => {
    const coordinator = connect({ endpoints: [`127.0.0.1:${NO_PORT}`, etcd.address] });
    await coordinator.probe();
    await coordinator.put({ a: '1' });
    expect(await coordinator.get('a')).toBe('1');
    expect(logger.lines).toEqual([]);
  });

  it('the next server is used when the first goes away, for follows and leases too', { timeout: 60_000 }, async () => {
    const [first, second] = [await proxied(), await proxied()];
    const coordinator = connect({ endpoints: [first.address, second.address] });
    const latest = followed(coordinator, ['a']);
    await coordinator.hold({ held: 'yes' }, 3);
    await until(async () => latest.has('a'));
    first.refuse();
    await etcdctl(etcd.address, 'put', `${PREFIX}a`, '1');
    await until(async () => latest.get('a') === '1');
    await delay(4_000);
    expect(await value('held')).toBe('yes');
    expect(logger.lines).toEqual([]);
  });

  it('a cluster that loses its leader, then its majority, and has both again', { timeout: 90_000 }, async () => {
    const servers = await startEtcdCluster();
    open.push(async () => void (await Promise.all(servers.map((server) => server.dispose()))));
    const addresses = servers.map((server) => server.address);
    const coordinator = connect({ endpoints: addresses });
    const latest = followed(coordinator, ['a']);
    await coordinator.hold({ held: 'yes' }, 30);
    await until(async () => latest.has('a'));
    const leader = servers[await leaderOf(addresses)]!;
    await leader.stop('SIGKILL');
    const [left, other] = servers.filter((server) => server !== leader) as [OwnServer, OwnServer];
    await until(async () => (await etcdctl(left.address, 'put', `${PREFIX}a`, '1'), true));
    await until(async () => latest.get('a') === '1');
    await until(async () => (await coordinator.get('held')) === 'yes');
    await left.stop('SIGKILL');
    await until(async () => !coordinator.state().ok || (await coordinator.get('a').catch(() => {}), false));
    await Promise.all([left.start(), leader.start()]);
    await until(async () => (await etcdctl(other.address, 'put', `${PREFIX}a`, '2'), true));
    await until(async () => latest.get('a') === '2' && coordinator.state().ok);
    expect(await coordinator.get('held')).toBe('yes');
    expect(logger.lines.length).toBeLessThanOrEqual(4);
  });

  describe('with users', () => {
    const asRoot = (...args: string[]) => etcdctl(etcd.address, '--user=root:secret', ...args);
    beforeEach(async () => {
      await etcdctl(etcd.address, 'user', 'add', 'root:secret');
      await etcdctl(etcd.address, 'user', 'grant-role', 'root', 'root');
      await etcdctl(etcd.address, 'role', 'add', 'agents');
      await etcdctl(etcd.address, 'role', 'grant-permission', 'agents', '--prefix=true', 'readwrite', PREFIX);
      await etcdctl(etcd.address, 'user', 'add', 'agent:first');
      await etcdctl(etcd.address, 'user', 'grant-role', 'agent', 'agents');
      await etcdctl(etcd.address, 'auth', 'enable');
    });

    it.each([
      ['no user', {}],
      ['a wrong password', { username: 'agent', password: 'wrong' }],
      ['an unknown user', { username: 'nobody', password: 'first' }],
      ['keys of others', { username: 'agent', password: 'first', prefix: '/other/' }],
    ])('%s is told as such', async (_name, options) => {
      const error: unknown = await connect(options)
        .probe()
        .catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'coordinator-forbidden' });
      expect((error as Error).message).not.toMatch(/first|wrong|\n/);
    });

    it('works for a user who may use the prefix alone', async () => {
      const coordinator = connect({ username: 'agent', password: 'first' });
      await coordinator.probe();
      const latest = followed(coordinator, ['a']);
      const held = await coordinator.hold({ a: '1' }, 5);
      await until(async () => latest.get('a') === '1');
      await held.release();
      await until(async () => latest.get('a') === null);
      expect(await coordinator.list('')).toEqual([]);
    });

    it('takes a new token when etcd has forgotten the old one', async () => {
      const coordinator = connect({ username: 'agent', password: 'first' });
      await coordinator.put({ a: '1' });
      const latest = followed(coordinator, ['a']);
      await until(async () => latest.get('a') === '1');
      await etcd.stop('SIGTERM');
      await etcd.start();
      await until(async () => (await coordinator.get('a')) === '1');
      await asRoot('put', `${PREFIX}a`, '2');
      await until(async () => latest.get('a') === '2');
    });

    it('a changed password shuts it out, calmly, until it is changed back', { timeout: 60_000 }, async () => {
      const proxy = await proxied();
      const coordinator = connect({ endpoints: [proxy.address], username: 'agent', password: 'first' });
      await coordinator.hold({ a: '1' }, 3);
      await changePassword('second');
      await until(async () => coordinator.state().detail !== '' || (await coordinator.get('a'), false));
      await expect(coordinator.get('a')).rejects.toMatchObject({ code: 'coordinator-forbidden' });
      expect(coordinator.state()).toMatchObject({ ok: false, detail: expect.stringContaining('password') as string });
      proxy.attempts = 0;
      await delay(4_000);
      expect(proxy.attempts).toBeLessThan(20);
      await changePassword('first');
      await until(async () => coordinator.state().ok);
      await until(async () => (await coordinator.get('a')) === '1');
      expect(logger.lines.slice(0, 2)).toEqual(['etcd cannot be used; trying again', 'etcd is back']);
      expect(logger.lines.length).toBeLessThanOrEqual(3);
    });

    async function changePassword(to: string): Promise<void> {
      const child = promisify(execFile)(
        'etcdctl',
        [`--endpoints=${etcd.address}`, '--user=root:secret', 'user', 'passwd', '--interactive=false', 'agent'],
        {
          env: { ...process.env, ETCDCTL_API: '3' },
        },
      );
      child.child.stdin!.end(`${to}\n`);
      await child;
    }
  });

  it('one connection serves all, and the end of a follow costs none', async () => {
    const proxy = await proxied();
    const coordinator = connect({ endpoints: [proxy.address] });
    await coordinator.hold({ held: 'yes' }, 20);
    for (let i = 0; i < 5; i++) {
      for await (const { value } of coordinator.follow(['held'], new AbortController().signal)) {
        expect(value).toBe('yes');
        break;
      }
      await coordinator.get('held');
    }
    expect([proxy.attempts, proxy.open]).toEqual([1, 1]);
  });

  it('a user where etcd has none does no harm', async () => {
    const coordinator = connect({ username: 'agent', password: 'first' });
    await coordinator.put({ a: '1' });
    expect(await coordinator.get('a')).toBe('1');
  });

  it('leaves no socket and no timer behind', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => /TCP/.test(name)).length;
    const coordinator = new EtcdCoordinator({ endpoints: [etcd.address], prefix: PREFIX, logger, username: 'a', password: 'b' });
    const controller = new AbortController();
    const states = coordinator.follow(['a'], controller.signal)[Symbol.asyncIterator]();
    await states.next();
    const next = states.next();
    await coordinator.hold({ a: '1' }, 5);
    expect((await next).value).toEqual({ key: 'a', value: '1' } satisfies KeyState);
    const last = states.next();
    await coordinator.close();
    expect((await last).done).toBe(true);
    await until(async () => process.getActiveResourcesInfo().filter((name) => /TCP/.test(name)).length <= before);
  });

  it('speaks TLS, with a certificate of its own', async () => {
    const tls = await startTlsEtcd();
    open.push(() => tls.server.dispose());
    const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map((path) => readFile(path)));
    const good = connect({ endpoints: [tls.server.address], tls: { ca: ca!, cert: cert!, key: key! } });
    await good.put({ a: '1' });
    expect(await good.get('a')).toBe('1');
    for (const wrong of [{ cert: cert!, key: key! }, { ca: ca! }]) {
      const error: unknown = await connect({ endpoints: [tls.server.address], tls: wrong })
        .probe()
        .catch((e: unknown) => e);
      expect(error).toMatchObject({ code: expect.stringMatching(/^coordinator-/) as string });
    }
    await expect(connect({ endpoints: [tls.server.address], tls: { cert: cert!, key: key! } }).probe()).rejects.toMatchObject({
      code: 'coordinator-forbidden',
    });
  });
});

async function leaderOf(addresses: readonly string[]): Promise<number> {
  const all = JSON.parse(await etcdctl(addresses.join(','), 'endpoint', 'status', '-w', 'json')) as {
    Endpoint: string;
    Status: { header: { member_id: number }; leader: number };
  }[];
  const leader = all.find(({ Status }) => Status.leader === Status.header.member_id)!;
  return addresses.indexOf(leader.Endpoint);
}
