/** Images of the sandbox driver: this machine itself, and root file systems that somebody unpacked. */
import { isAbsolute } from 'node:path';
import { BerthError } from '@berth/wire';
import type { ImageFacts, LocalImage } from '../../ports/driver.js';
import { directoryImage } from './root.js';

/** Id of the built-in image. */
export const HOST = 'host';
const NAMES: readonly string[] = [HOST, 'host:latest'];
const ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' } as const;

export const HOST_LISTED: LocalImage = { imageId: HOST, references: ['host:latest'], labels: {} };

/** `secrets`: directories that no root file system may hold. Errors: `image-not-found`. */
export async function resolveImage(reference: string, secrets: readonly string[]): Promise<ImageFacts> {
  if (NAMES.includes(reference)) return { imageId: HOST, labels: {}, env: ENV, mounts: [] };
  if (!isAbsolute(reference)) {
    throw new BerthError('image-not-found', `the sandbox driver has no image ${JSON.stringify(reference)}`, {
      fix: 'Use the built-in image `host`, or the absolute path of an unpacked root file system.',
    });
  }
  return { imageId: await directoryImage(reference, secrets), labels: {}, env: {}, mounts: [] };
}

export const cannotPull = (reference: string): BerthError =>
  new BerthError('pull-failed', `${reference} cannot be pulled: the sandbox driver has no registry`, {
    fix: 'Use Docker for images of registries; or unpack one into a directory and name its absolute path.',
  });
