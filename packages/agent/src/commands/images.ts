/** `berth images`: images of the Docker Engine of this node, with or without a node that runs. */
import { BerthError, isBerthError } from '@berth/wire';
import type { DockerDriver } from '../adapters/docker/index.js';
import type { Flags } from '../config/agent-settings.js';
import { readSettings } from '../config/settings.js';
import { readLabels } from '../node/images/labels.js';
import { conventionalName, KERNEL_PREFIX, withTag } from '../node/images/names.js';
import type { PullOptions } from '../ports/driver.js';
import { IMAGES_PREFIX, registeredImages, type Registered } from '../node/images/registered.js';

export interface ImageView {
  readonly imageId: string;
  readonly references: readonly string[];
  /** Under which managers know it by the convention; configured names come on top. */
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** With what its labels say to us. */
export interface ImageDetails extends ImageView {
  readonly timeoutSeconds: number | null;
  readonly features: readonly string[];
  readonly corecount: readonly string[];
  readonly warnings: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** One that is to be pulled. */
export interface PullTarget {
  readonly reference: string;
  /** Name that it gets afterwards; undefined when it has the right one. */
  readonly as?: string;
}

/** Images on the engine that DOCKER_HOST names. Nothing is asked yet. Errors: `bad-config`. */
export async function openImages(): Promise<Images> {
  const { docker } = readSettings();
  // Only now: user commands share this entry and should not wait for Docker's client to load.
  const { DockerDriver } = await import('../adapters/docker/index.js');
  return new Images(new DockerDriver(docker));
}

/** Names are references, or what managers call an image: `python:3.6` for `lablup/kernel-python:3.6`. */
export class Images {
  readonly #driver: DockerDriver;

  constructor(driver: DockerDriver) {
    this.#driver = driver;
  }

  /** Sorted by reference. Errors: `driver-*`. */
  async list(): Promise<readonly ImageView[]> {
    const images = (await this.#driver.listImages()).map(({ imageId, references, labels }) => ({
      imageId,
      references: [...references].sort(),
      names: references.flatMap((reference) => conventionalName(reference) ?? []).sort(),
      labels,
    }));
    return images.sort((a, b) => (a.references[0]! < b.references[0]! ? -1 : 1));
  }

  /** Errors: `image-not-found`, `driver-*`. */
  async inspect(name: string): Promise<ImageDetails> {
    const reference = await this.#find(name);
    const { imageId, labels, env } = await this.#driver.resolveImage(reference);
    const listed = (await this.list()).find((image) => image.imageId === imageId);
    const { timeoutSeconds, features, corecount, warnings } = readLabels(labels);
    return {
      imageId,
      references: listed?.references ?? [],
      names: listed?.names ?? [],
      labels,
      timeoutSeconds,
      features: [...features],
      corecount,
      warnings,
      env,
    };
  }

  /** Errors: `pull-failed`, `driver-*`. */
  async pull({ reference, as }: PullTarget, options: PullOptions = {}): Promise<{ readonly imageId: string }> {
    const pulled = await this.#driver.pullImage(reference, options);
    if (as !== undefined) await this.#driver.tagImage(pulled.imageId, as, options.signal);
    return pulled;
  }

  /** Takes the name away, and with its last name the image. Errors: `bad-request` while it is used, `image-not-found`, `driver-*`. */
  async remove(name: string): Promise<string> {
    const reference = await this.#find(name);
    await this.#driver.removeImage(reference);
    return reference;
  }

  async #find(name: string): Promise<string> {
    if (name === 'host') {
      throw new BerthError('image-not-found', 'host is no image of Docker: it is built in', {
        fix: 'List the images with `berth images ls`.',
      });
    }
    for (const reference of [name, `${KERNEL_PREFIX}${name}`]) {
      const found = await this.#driver.resolveImage(reference).catch((error: unknown) => {
        if (isBerthError(error) && error.code === 'image-not-found') return undefined;
        throw error;
      });
      if (found) return reference;
    }
    throw new BerthError('image-not-found', `there is no image ${JSON.stringify(name)} on this node`, {
      fix: 'List the images with `berth images ls`, or pull it with `berth images pull`.',
      fields: { name },
    });
  }
}

/** Options that say where etcd is. */
export const registeredOptions = async () => (await import('../config/coordinator-settings.js')).coordinatorFlags();

/** What managers have registered in the etcd that flags and variables name. Errors: `coordinator-*`, `bad-config`, `file-unreadable`. */
export async function readRegistered(flags: Flags): Promise<Registered> {
  const { withCoordinator } = await import('./etcd-tools.js');
  return withCoordinator(flags, async (coordinator) => registeredImages(await coordinator.list(IMAGES_PREFIX)));
}

/** `lablup/kernel-<name>:<tag>`, from Docker's own registry or, with `registry` (`HOST[/PATH]`), from there and named alike afterwards. */
export function registeredTarget(name: string, registry?: string): PullTarget {
  const reference = withTag(`${KERNEL_PREFIX}${name}`);
  return registry === undefined ? { reference } : { reference: `${registry.replace(/\/+$/, '')}/${reference}`, as: reference };
}
