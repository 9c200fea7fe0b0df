// The images of the Docker that the node will use: one with Python to show, and what the node adds, to be taken away again.
import { request } from 'node:http';

const HOST_IMAGE = 'berth-host:';
/** A Docker that is there answers at once. */
const PING_MS = 1000;
const LIST_MS = 10_000;

/** Looks at the images that are there now. */
export async function keepImages() {
  const fault = await call('GET', '/_ping', PING_MS).then(
    () => undefined,
    (error) => error.message,
  );
  const before = fault === undefined ? await imageTags() : [];
  return {
    /** Why Docker cannot be used, or undefined. */
    fault,
    /** An image of Python's own, or undefined. */
    withPython: before.find((tag) => /(^|\/)python:/.test(tag)),
    /** Removes the image `host`, if it was not there before. */
    async removeNew() {
      if (fault !== undefined) return;
      const added = (await imageTags()).filter((tag) => tag.startsWith(HOST_IMAGE) && !before.includes(tag));
      for (const tag of added) await call('DELETE', `/images/${encodeURIComponent(tag)}`, LIST_MS);
    },
  };
}

async function imageTags() {
  const images = JSON.parse((await call('GET', '/images/json', LIST_MS).catch(() => '')) || '[]');
  return images.flatMap((image) => image.RepoTags ?? []);
}

function call(method, path, timeout) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...address(), method, path: `/v1.41${path}`, timeout }, async (response) => {
      const body = Buffer.concat(await response.toArray()).toString();
      if (method === 'GET' && response.statusCode !== 200) reject(new Error(`it answers ${response.statusCode}: ${body.trim()}`));
      else resolve(body);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('it does not answer'))).on('error', reject);
    outgoing.end();
  });
}

function address() {
  const host = process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const { hostname, port } = new URL(host);
  return { host: hostname, port };
}
