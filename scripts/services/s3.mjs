// An S3-compatible store of our own: OpenStack Swift with its S3 gateway, which checks signatures (version 4) and the sums of bodies.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDaemon } from './daemons.mjs';
import { ask, freePorts } from './ports.mjs';
import { untilReady } from './ready.mjs';
import { userInfo } from 'node:os';

/** Whom it knows. Tests use these, and wrong ones. */
export const S3_ACCESS_KEY = 'test:tester';
export const S3_SECRET_KEY = 'testing';
export const S3_REGION = 'eu-test-1';

const PARTS = ['account', 'container', 'object'];
const STEP_TIMEOUT_MS = 60_000;

/** See `start` in table.mjs. */
export async function startS3(directory, { signal }) {
  const [port, ...parts] = await freePorts(1 + PARTS.length);
  await layOut(directory, port, parts, signal);
  const start = (name) => startDaemon(directory, name, `swift-${name}-server`, [join(directory, `${name}.conf`)]);
  const behind = PARTS.map((name, i) => untilReady(`swift-${name}-server`, start(name), () => isHealthy(parts[i]), signal));
  const front = untilReady('swift-proxy-server', start('proxy'), () => isHealthy(port), signal);
  await Promise.all([...behind, front]);
  return { BERTH_TEST_S3: `127.0.0.1:${port}` };
}

const isHealthy = async (port) => / 200 /.test(await ask(port, 'GET /healthcheck HTTP/1.0\r\n\r\n'));

/** Configurations, and rings of one device without copies. */
async function layOut(directory, port, parts, signal) {
  mkdirSync(join(directory, 'devices', 'd1'), { recursive: true });
  const write = (name, text) => writeFileSync(join(directory, name), text);
  write('swift.conf', ini({ 'swift-hash': { swift_hash_path_suffix: 'berth', swift_hash_path_prefix: 'test' } }));
  write('proxy.conf', ini(proxyConfig(directory, port)));
  PARTS.forEach((name, i) => write(`${name}.conf`, ini(partConfig(directory, name, parts[i]))));
  await Promise.all(PARTS.map((name, i) => makeRing(directory, name, parts[i], signal)));
}

async function makeRing(directory, name, port, signal) {
  const builder = join(directory, `${name}.builder`);
  const run = (...args) =>
    promisify(execFile)('swift-ring-builder', [builder, ...args], { cwd: directory, signal, timeout: STEP_TIMEOUT_MS });
  await run('create', '4', '1', '0');
  await run('add', `r1z1-127.0.0.1:${port}/d1`, '1');
  await run('rebalance');
}

const common = (directory, port) => ({
  bind_ip: '127.0.0.1',
  bind_port: port,
  workers: 0,
  user: userInfo().username,
  swift_dir: directory,
  log_level: 'WARNING',
});

const proxyConfig = (directory, port) => ({
  DEFAULT: common(directory, port),
  'pipeline:main': { pipeline: 'catch_errors gatekeeper healthcheck cache s3api tempauth slo proxy-server' },
  'app:proxy-server': { use: 'egg:swift#proxy', account_autocreate: true, allow_account_management: true },
  'filter:catch_errors': { use: 'egg:swift#catch_errors' },
  'filter:gatekeeper': { use: 'egg:swift#gatekeeper' },
  'filter:healthcheck': { use: 'egg:swift#healthcheck' },
  // The accounts want a cache to be configured. It need not be there.
  'filter:cache': { use: 'egg:swift#memcache', memcache_servers: '127.0.0.1:1' },
  'filter:s3api': { use: 'egg:swift#s3api', location: S3_REGION, s3_acl: true },
  'filter:tempauth': { use: 'egg:swift#tempauth', user_test_tester: `${S3_SECRET_KEY} .admin` },
  'filter:slo': { use: 'egg:swift#slo' },
});

const partConfig = (directory, name, port) => ({
  DEFAULT: { ...common(directory, port), devices: join(directory, 'devices'), mount_check: false },
  'pipeline:main': { pipeline: `healthcheck ${name}-server` },
  [`app:${name}-server`]: { use: `egg:swift#${name}` },
  'filter:healthcheck': { use: 'egg:swift#healthcheck' },
});

const ini = (sections) =>
  Object.entries(sections)
    .map(([name, values]) => [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`), ''].join('\n'))
    .join('\n');
