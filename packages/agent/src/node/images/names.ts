/** Under which names images are offered to a manager of the 1.4 dialect. Pure. */
import type { LocalImage } from '../../ports/driver.js';

/** Before the name of a kernel image; what follows is its name (seed spec 8.2). */
export const KERNEL_PREFIX = 'lablup/kernel-';

export interface SchedulableImage {
  /** `<name>:<tag>` as managers know it. */
  readonly name: string;
  readonly imageId: string;
  /** As the driver knows it. */
  readonly reference: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The name that the prefix of a reference gives; undefined for an image of another kind. */
export function conventionalName(reference: string): string | undefined {
  const name = reference.startsWith(KERNEL_PREFIX) ? reference.slice(KERNEL_PREFIX.length) : '';
  return /^[^:]+:[^:]+$/.test(name) ? name : undefined;
}

/** With `latest` where neither a tag nor a digest is said. Image ids stay as they are. */
export const withTag = (reference: string): string => (/[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`);

/** As the engine lists it: it leaves out the name of its own registry. */
const listedAs = (reference: string): string => withTag(reference.replace(/^(index\.)?docker\.io\/(library\/)?/, ''));

/**
 * What can be scheduled, sorted by name. `configured` has further names, each with the reference or id of a local image. A
 * configured name wins over the prefix, also when its image is not there: then nothing has the name, since something else
 * under it would be a surprise.
 */
export function schedulableImages(
  images: readonly LocalImage[],
  configured: ReadonlyMap<string, string> = new Map(),
): readonly SchedulableImage[] {
  const byReference = new Map(
    images.flatMap((image) => [image.imageId, ...image.references].map((reference) => [reference, image] as const)),
  );
  const found = new Map<string, SchedulableImage>();
  const offer = (name: string, reference: string) => {
    const image = byReference.get(reference);
    if (image) found.set(name, { name, imageId: image.imageId, reference, labels: image.labels });
  };
  for (const reference of byReference.keys()) {
    const name = conventionalName(reference);
    if (name !== undefined) offer(name, reference);
  }
  for (const [name, reference] of configured) {
    found.delete(withTag(name));
    offer(withTag(name), byReference.has(reference) ? reference : listedAs(reference));
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
