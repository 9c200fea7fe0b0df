// A registry for images of our own: Debian's docker-registry on a free port of 127.0.0.1, which Docker asks without TLS.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './daemons.mjs';
import { ask, freePorts } from './ports.mjs';
import { untilReady } from './ready.mjs';

/**
 * Arguments of a registry that keeps everything below `directory`; writes its configuration there. With `htpasswd`, lines of
 * `user:bcrypt`, it asks for a password.
 */
export function registryArguments(directory, port, { htpasswd } = {}) {
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'blobs') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: 'berth-test' },
  };
  if (htpasswd !== undefined) {
    const path = join(directory, 'htpasswd');
    writeFileSync(path, htpasswd);
    config.auth = { htpasswd: { realm: 'berth-test', path } };
  }
  // JSON is YAML.
  const file = join(directory, 'registry.json');
  writeFileSync(file, JSON.stringify(config));
  return ['serve', file];
}

/** True when the registry at this port answers; a demand for a password is an answer. */
export const registryAnswers = async (port) => / (200|401) /.test(await ask(port, 'GET /v2/ HTTP/1.0\r\n\r\n'));

/** See `start` in table.mjs. */
export async function startRegistry(directory, { signal }) {
  const [port] = await freePorts(1);
  const daemon = startDaemon(directory, 'registry', 'docker-registry', registryArguments(directory, port));
  await untilReady('docker-registry', daemon, () => registryAnswers(port), signal);
  return { BERTH_TEST_REGISTRY: `127.0.0.1:${port}` };
}
