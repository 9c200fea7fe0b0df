/** The images that this node can make kernels of, as they are now. */
import { sleep, systemClock, type Clock } from '@berth/base';
import { toBerthError } from '@berth/wire';
import type { Driver } from '../../ports/driver.js';
import type { Logger } from '../../ports/logger.js';
import { ourLabels, readLabels } from './labels.js';
import { schedulableImages, withTag, type SchedulableImage } from './names.js';

/** A look costs an engine a few milliseconds (docs/images.md); events of images would spare it, and could be lost. */
const LOOK_MS = 5_000;

export interface ImageListOptions {
  readonly driver: Pick<Driver, 'listImages'>;
  /** Further names, each with the reference of a local image. */
  readonly configured?: ReadonlyMap<string, string>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export class ImageList {
  readonly #driver: ImageListOptions['driver'];
  readonly #configured: ReadonlyMap<string, string>;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  /** Names that point at nothing, and image ids with odd labels: each told once. */
  #told = new Set<string>();
  #images: ReadonlyMap<string, SchedulableImage> = new Map();
  /** How the list is told to be another. */
  #print = '';
  #away = false;

  constructor({ driver, configured = new Map(), logger, clock = systemClock }: ImageListOptions) {
    this.#driver = driver;
    this.#configured = configured;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Sorted by name. While the driver is away, what there was before. */
  schedulable(): readonly SchedulableImage[] {
    return [...this.#images.values()];
  }

  find(name: string): SchedulableImage | undefined {
    return this.#images.get(name);
  }

  /** Tells each change of the list; call the result to hear no more. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Looks once. Rejects when the driver cannot be asked; the list stays then. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const images = schedulableImages(await this.#driver.listImages(signal), this.#configured);
    this.#warn(images);
    const print = JSON.stringify(images.map(({ name, imageId, reference }) => [name, imageId, reference]));
    if (print === this.#print) return;
    this.#print = print;
    this.#images = new Map(images.map((image) => [image.name, { ...image, labels: ourLabels(image.labels) }]));
    for (const listener of this.#listeners) listener();
  }

  /** Looks again and again until the signal aborts, and rejects then with its reason. An absent driver is told once. */
  async follow(signal: AbortSignal): Promise<never> {
    for (;;) {
      try {
        await this.refresh(signal);
        if (this.#away) this.#logger.info({}, 'images can be listed again');
        this.#away = false;
      } catch (error) {
        signal.throwIfAborted();
        if (!this.#away) this.#logger.warn({ err: toBerthError(error) }, 'images cannot be listed; the last list stays');
        this.#away = true;
      }
      await sleep(LOOK_MS, signal, this.#clock);
    }
  }

  #warn(images: readonly SchedulableImage[]): void {
    const now = new Map<string, () => void>();
    for (const { imageId, labels, name } of images) {
      const { warnings } = readLabels(labels);
      if (warnings.length === 0) continue;
      now.set(imageId, () => this.#logger.warn({ image: name, imageId, warnings }, 'labels of an image are malformed'));
    }
    for (const [name, reference] of this.#missing(images)) {
      now.set(`name ${name}`, () => this.#logger.warn({ image: name, reference }, 'the image of a configured name is not here'));
    }
    for (const [what, tell] of now) if (!this.#told.has(what)) tell();
    this.#told = new Set(now.keys());
  }

  #missing(images: readonly SchedulableImage[]): [string, string][] {
    const names = new Set(images.map(({ name }) => name));
    return [...this.#configured].filter(([name]) => !names.has(withTag(name)));
  }
}
