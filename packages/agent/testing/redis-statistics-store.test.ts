import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OwnServer } from '../../../test/support/own-server.js';
import { redisCli, startRedis } from '../../../test/support/redis.js';
import { describeWithRedis } from '../../../test/support/services.js';
import { RedisStatisticsStore, type RedisOptions } from '../src/adapters/redis/index.js';
import { until } from './coordinator-suite.js';
import { LinesLogger } from './etcd-fixture.js';
import { FaultProxy } from './fault-proxy.js';
import { statisticsStoreConformance } from './statistics-store-suite.js';

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const read = async (port: number, ...args: string[]) => {
  const lines = (await redisCli(port, ...args)).filter(Boolean);
  return Object.fromEntries(Array.from({ length: lines.length / 2 }, (_, i) => [lines[2 * i]!, lines[2 * i + 1]!]));
};

describeWithRedis('on a real Redis', (server) => {
  statisticsStoreConformance('the Redis statistics store', async () => {
    const proxy = await FaultProxy.start(server);
    const unique = randomUUID();
    const redis = new RedisStatisticsStore({ address: { host: '127.0.0.1', port: proxy.port }, logger: new LinesLogger() });
    const key = (name: string) => `${unique}:${name}`;
    return {
      // Keys of this test alone: others use the server too.
      store: {
        write: (name, fields, seconds) => redis.write(key(name), fields, seconds),
        moveTo: (address) => redis.moveTo(address),
        state: () => redis.state(),
        close: () => redis.close(),
      },
      read: (name) => read(server.port, 'HGETALL', key(name)),
      ttl: async (name) => Number((await redisCli(server.port, 'TTL', key(name)))[0]),
      goAway: () => proxy.refuse(),
      comeBack: () => proxy.resume(),
      async dispose() {
        await redis.close();
        await redisCli(server.port, 'DEL', key('kernel'));
        await proxy.close();
      },
    };
  });
});

describeWithRedis('the Redis statistics store in outages', () => {
  let server: OwnServer;
  let logger: LinesLogger;
  const open: (() => Promise<void>)[] = [];

  const connect = (options: Partial<RedisOptions> = {}) => {
    const store = new RedisStatisticsStore({ address: { host: '127.0.0.1', port: server.port }, logger, ...options });
    open.unshift(() => store.close());
    return store;
  };
  const proxied = async () => {
    const proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
    open.push(() => proxy.close());
    return proxy;
  };
  const written = (store: RedisStatisticsStore) => until(async () => (await store.write('k', { a: '1' }, 30), true));

  beforeEach(async () => {
    server = await startRedis();
    logger = new LinesLogger();
  });
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
    await server.dispose();
  });

  it('a killed Redis is found again; two lines in the log', { timeout: 40_000 }, async () => {
    const store = connect();
    await written(store);
    await server.stop('SIGKILL');
    for (let i = 0; i < 40; i++) {
      await store.write('k', { a: '1' }, 30).catch(() => {});
      await delay(50);
    }
    await server.start();
    await written(store);
    expect(await redisCli(server.port, 'HGET', 'k', 'a')).toEqual(['1']);
    expect(logger.lines).toEqual(['Redis cannot be used; trying again', 'Redis is back']);
  });

  it('one that is not there at start is found when it comes', { timeout: 40_000 }, async () => {
    await server.stop();
    const store = connect();
    await until(async () => store.state().detail.includes('ECONNREFUSED'));
    await server.start();
    await written(store);
    expect(logger.lines).toEqual(['Redis cannot be used; trying again', 'Redis is back']);
  });

  it('few attempts while it refuses', { timeout: 40_000 }, async () => {
    const proxy = await proxied();
    const store = connect({ address: { host: '127.0.0.1', port: proxy.port } });
    await written(store);
    proxy.refuse();
    proxy.attempts = 0;
    for (let i = 0; i < 100; i++) {
      await store.write('k', { a: '1' }, 30).catch(() => {});
      await delay(50);
    }
    expect(proxy.attempts).toBeGreaterThan(0);
    expect(proxy.attempts).toBeLessThan(20);
    expect(logger.lines).toEqual(['Redis cannot be used; trying again']);
  });

  it('a network that swallows is given up after 2 s, and the connection made anew', { timeout: 40_000 }, async () => {
    const proxy = await proxied();
    const store = connect({ address: { host: '127.0.0.1', port: proxy.port } });
    await written(store);
    proxy.stall();
    const began = performance.now();
    await expect(store.write('k', { a: '2' }, 30)).rejects.toMatchObject({ code: 'coordinator-unavailable' });
    expect(performance.now() - began).toBeLessThan(3_000);
    // The connection is gone, so the next one does not wait.
    await expect(store.write('k', { a: '3' }, 30)).rejects.toMatchObject({ code: 'coordinator-unavailable' });
    expect(performance.now() - began).toBeLessThan(3_500);
    proxy.cut();
    proxy.resume();
    await written(store);
  });

  it('goes where it is told, and does not go where it is', async () => {
    const proxy = await proxied();
    const store = connect({ address: { host: '127.0.0.1', port: proxy.port } });
    await written(store);
    store.moveTo({ host: '127.0.0.1', port: proxy.port });
    await written(store);
    expect(proxy.attempts).toBe(1);
    const other = await startRedis();
    open.push(() => other.dispose());
    store.moveTo({ host: '127.0.0.1', port: other.port });
    await until(async () => store.state().ok);
    await store.write('moved', { a: '1' }, 30);
    expect(await redisCli(other.port, 'HGET', 'moved', 'a')).toEqual(['1']);
    expect(await redisCli(server.port, 'EXISTS', 'moved')).toEqual(['0']);
    expect(proxy.open).toBe(0);
    expect(logger.lines).toEqual(['Redis has moved']);
  });

  it('waits until it is told where to go', async () => {
    const store = new RedisStatisticsStore({ logger });
    open.unshift(() => store.close());
    await expect(store.write('k', { a: '1' }, 30)).rejects.toMatchObject({ code: 'coordinator-unavailable' });
    expect(store.state().ok).toBe(false);
    store.moveTo({ host: '127.0.0.1', port: server.port });
    await written(store);
    expect(logger.lines).toEqual([]);
  });

  it('writes to the database that it is told', async () => {
    const store = connect({ database: 3 });
    await written(store);
    expect(await redisCli(server.port, '-n', '3', 'HGET', 'k', 'a')).toEqual(['1']);
    expect(await redisCli(server.port, 'EXISTS', 'k')).toEqual(['0']);
  });

  it.each([
    ['no password', {}],
    ['a wrong password', { password: 'wrong' }],
  ])('%s is told as such', async (_name, options) => {
    await redisCli(server.port, 'CONFIG', 'SET', 'requirepass', 'secret');
    const store = connect(options);
    await until(async () => !store.state().ok && store.state().detail.includes('does not let us in'));
    expect(store.state().detail).not.toMatch(/secret|wrong\b/);
    const right = connect({ password: 'secret' });
    await written(right);
  });

  it('a store that takes nothing is told once, and once when it does again', async () => {
    const store = connect();
    await written(store);
    await redisCli(server.port, 'CONFIG', 'SET', 'maxmemory', '1');
    for (let i = 0; i < 3; i++) await expect(store.write('k', { a: '1' }, 30)).rejects.toThrow(/OOM/);
    expect(store.state().ok).toBe(false);
    await redisCli(server.port, 'CONFIG', 'SET', 'maxmemory', '0');
    await written(store);
    expect(logger.lines).toEqual(['Redis cannot be used; trying again', 'Redis is back']);
  });

  it('trouble with one key is the trouble of who writes it', async () => {
    const store = connect();
    await written(store);
    await redisCli(server.port, 'SET', 'text', 'no hash');
    await expect(store.write('text', { a: '1' }, 30)).rejects.toThrow(/WRONGTYPE/);
    expect([store.state().ok, logger.lines]).toEqual([true, []]);
  });

  describe('its end', () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).length;

    it('leaves no socket and no timer, connected or not', async () => {
      const before = sockets();
      const store = connect();
      await written(store);
      await store.close();
      await server.stop();
      const lost = connect();
      await until(async () => lost.state().detail.includes('ECONNREFUSED'));
      await lost.close();
      await until(async () => sockets() <= before);
      await expect(lost.write('k', { a: '1' }, 30)).rejects.toMatchObject({ code: 'coordinator-unavailable' });
    });
  });
});
