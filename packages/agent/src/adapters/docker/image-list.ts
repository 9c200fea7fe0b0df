/** All named images of the engine's own architecture. */
import { isBerthError } from '@berth/wire';
import type { LocalImage } from '../../ports/driver.js';
import type { Logger } from '../../ports/logger.js';
import type { Engine } from './engine.js';
import { inspectImage, labelsOf, type InspectedImage } from './images.js';

/** Inspections at a time: a node may have hundreds of images when the agent starts. */
const AT_ONCE = 8;

/** One line of Docker's list, as far as it counts. */
export interface ListedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** What never changes under one image id, and only inspection tells. */
interface Known {
  readonly fits: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

interface Platform {
  readonly os: string;
  readonly architecture: string;
}

export class ImageLister {
  readonly #engine: Engine;
  readonly #logger: Logger;
  #platform: Platform | undefined;
  /** By image id; only of images that the last list had. */
  #known = new Map<string, Known>();
  /** Told once, not with every list. */
  #odd = new Set<string>();

  constructor(engine: Engine, logger: Logger) {
    this.#engine = engine;
    this.#logger = logger;
  }

  /** Rejects when the engine cannot be asked; one image that cannot be inspected is left out. */
  async list(signal?: AbortSignal): Promise<readonly LocalImage[]> {
    const listed = await this.#engine.call(
      'listing images',
      (docker, abortSignal) => docker.listImages({ abortSignal } as object) as Promise<readonly ListedImage[]>,
      { signal },
    );
    const named = listed.filter((image) => referencesOf(image).length > 0);
    const platform = (this.#platform ??= await this.#ownPlatform(signal));
    await this.#learn(
      named.map(({ Id }) => Id),
      platform,
      signal,
    );
    return named.flatMap((image) => {
      const known = this.#known.get(image.Id);
      return known?.fits ? [{ imageId: image.Id, references: referencesOf(image), labels: known.labels }] : [];
    });
  }

  /** Inspects what is new, and forgets what is gone. */
  async #learn(ids: readonly string[], platform: Platform, signal: AbortSignal | undefined): Promise<void> {
    const here = new Set(ids);
    this.#known = new Map([...this.#known].filter(([id]) => here.has(id)));
    this.#odd = new Set([...this.#odd].filter((id) => here.has(id)));
    const fresh = ids.filter((id) => !this.#known.has(id));
    for (let from = 0; from < fresh.length; from += AT_ONCE) {
      await Promise.all(fresh.slice(from, from + AT_ONCE).map((id) => this.#inspect(id, platform, signal)));
    }
  }

  async #inspect(id: string, platform: Platform, signal: AbortSignal | undefined): Promise<void> {
    try {
      const image = await inspectImage(this.#engine, id, signal);
      this.#known.set(id, { fits: fits(image, platform), labels: labelsOf(image) });
    } catch (error) {
      if (signal?.aborted || isAway(error)) throw error;
      // Removed since the list: that is nothing odd.
      if (this.#odd.has(id) || (isBerthError(error) && error.code === 'image-not-found')) return;
      this.#odd.add(id);
      this.#logger.warn({ imageId: id, err: error }, 'an image cannot be inspected and is left out');
    }
  }

  async #ownPlatform(signal: AbortSignal | undefined): Promise<Platform> {
    const { Os, Arch } = await this.#engine.call('asking Docker for its version', (docker) => docker.version(), { signal });
    return { os: Os, architecture: Arch };
  }
}

/** Names of a listed image; Docker says `<none>:<none>` where there is none, or nothing. Pure. */
export const referencesOf = ({ RepoTags }: Pick<ListedImage, 'RepoTags'>): readonly string[] =>
  (RepoTags ?? []).filter((name) => !name.includes('<none>'));

/** Whether a container of the image runs here. What an image leaves open fits, as Docker takes it. Pure. */
export const fits = (
  { Os, Architecture }: Pick<InspectedImage, 'Os' | 'Architecture'>,
  { os, architecture }: Platform,
): boolean => (Os || os) === os && (Architecture || architecture) === architecture;

/** Then the list is unknown, not one image odd. */
const isAway = (error: unknown): boolean =>
  isBerthError(error) && ['driver-unavailable', 'driver-forbidden'].includes(error.code);
