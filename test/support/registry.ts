/** Registries for tests: one of their own that asks for a password, and images that were pushed and are not on this node any more. */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import tar from 'tar-stream';
import { freePorts } from '../../scripts/services/ports.mjs';
import { registryAnswers, registryArguments } from '../../scripts/services/registry.mjs';
import { OwnServer } from './own-server.js';

/** Who may use the registry of {@link startRegistry}. */
export const REGISTRY_USER = { username: 'berth', password: 'open-sesame-4711' };

/** Of the password above, as `htpasswd -nbB -C 5` makes it. */
const HTPASSWD = 'berth:$2y$05$l4FvIVCYbaYt.MOoGF0HaeQ3Kz6.tqCyjipEybKmUBZXsT3gn/N72\n';

/** A registry of its own, which asks for {@link REGISTRY_USER}. */
export async function startRegistry(): Promise<OwnServer> {
  const [port] = (await freePorts(1)) as [number];
  return OwnServer.start(
    port,
    (directory) => ({ program: 'docker-registry', args: registryArguments(directory, port, { htpasswd: HTPASSWD }) }),
    () => registryAnswers(port),
  );
}

/** An image in a registry. */
export interface Published {
  /** `berth-test/<something that no other test has>`, unless another was asked for. */
  readonly repository: string;
  /** Reference by way of a registry, or of a proxy before it; tag `1`. */
  at(address: string): string;
}

/** Makes an image with `bytes` of content that no node has yet, pushes it to `address`, and takes it off this node. */
export async function publish(
  docker: Docker,
  address: string,
  {
    bytes = 1024,
    credentials = { username: '', password: '' },
    repository = `berth-test/pull-${randomBytes(6).toString('hex')}`,
  } = {},
): Promise<Published> {
  const at = (where: string) => `${where}/${repository}:1`;
  const pack = tar.pack();
  pack.entry({ name: 'content' }, randomBytes(bytes));
  pack.finalize();
  await finished((await docker.importImage(pack as never, { repo: `${address}/${repository}`, tag: '1' })) as Readable);
  try {
    const pushed = await docker.getImage(at(address)).push({ authconfig: { ...credentials, serveraddress: address } });
    await finished(pushed as Readable);
  } finally {
    await forgetImage(docker, at(address));
  }
  return { repository, at };
}

/** Takes an image off this node, if it is there. */
export async function forgetImage(docker: Docker, reference: string): Promise<void> {
  await docker
    .getImage(reference)
    .remove({ force: true })
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404) throw error;
    });
}

async function finished(stream: Readable): Promise<void> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  const failure = text.split('\n').find((line) => line.includes('"error"'));
  if (failure) throw new Error(failure);
}
