/** What the dialect must know of an image to make a kernel of it, on top of the node's list. */
import type { Supervisor } from '@berth/wire';
import type { ImageList } from '../../node/images/image-list.js';
import { readLabels } from '../../node/images/labels.js';
import type { SchedulableImage as ListedImage } from '../../node/images/names.js';

export interface SchedulableImage extends Pick<ListedImage, 'name' | 'reference' | 'imageId'> {
  /** Variables that are set to the number of cores. */
  readonly corecount: readonly string[];
  /** Words such as `tty` and `uid-match`. */
  readonly features: ReadonlySet<string>;
  /** Seconds that one execution may take; null: the image does not say. */
  readonly timeoutSeconds: number | null;
  readonly supervisor: Supervisor;
}

/** Images that this node can make kernels of, as they are now. */
export interface ImageCatalog {
  all(): readonly Pick<ListedImage, 'name' | 'imageId'>[];
  /** Looks again before it says that there is none: somebody may have pulled it just now. */
  find(name: string): Promise<SchedulableImage | undefined>;
}

/** With the value `kernel-runner` an image asks to be driven with the runner of 2018 that it brings. */
const SUPERVISOR_LABEL = 'ai.berth.supervisor';

/** `patterns` name further images that bring a runner of 2018; `*` stands for any text. */
export function imageCatalog(
  list: Pick<ImageList, 'schedulable' | 'find' | 'refresh'>,
  patterns: readonly string[],
): ImageCatalog {
  const bringsItsOwn = ({ name, reference, labels }: ListedImage): boolean =>
    labels[SUPERVISOR_LABEL] === 'kernel-runner' ||
    patterns.some((pattern) => matches(pattern, name) || matches(pattern, reference));
  return {
    all: () => list.schedulable(),
    async find(name) {
      if (!list.find(name)) await list.refresh();
      const image = list.find(name);
      if (!image) return undefined;
      const { corecount, features, timeoutSeconds } = readLabels(image.labels);
      const { reference, imageId } = image;
      const supervisor = bringsItsOwn(image) ? 'kernel-runner' : 'berth';
      return { name, reference, imageId, corecount, features, timeoutSeconds, supervisor };
    },
  };
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}
