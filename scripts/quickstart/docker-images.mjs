// The images of the Docker that the node will use: one with Python to show, and what the node adds, to be taken away again.
import { request } from 'node:http';

const HOST_IMAGE = 'berth-host:';

/** Looks at the images that are there now. Without Docker there are none; the node will say so better. */
export async function keepImages() {
  const before = await imageTags();
  return {
    /** An image of Python's own, or undefined. */
    withPython: before.find((tag) => /(^|\/)python:/.test(tag)),
    /** Removes the image `host`, if it was not there before. */
    async removeNew() {
      const added = (await imageTags()).filter((tag) => tag.startsWith(HOST_IMAGE) && !before.includes(tag));
      for (const tag of added) await call('DELETE', `/images/${encodeURIComponent(tag)}`);
    },
  };
}

async function imageTags() {
  const images = JSON.parse((await call('GET', '/images/json').catch(() => '')) || '[]');
  return images.flatMap((image) => image.RepoTags ?? []);
}

function call(method, path) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...address(), method, path: `/v1.41${path}`, timeout: 10_000 }, async (response) => {
      const parts = await response.toArray();
      resolve(Buffer.concat(parts).toString());
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('Docker does not answer'))).on('error', reject);
    outgoing.end();
  });
}

function address() {
  const host = process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const { hostname, port } = new URL(host);
  return { host: hostname, port };
}
