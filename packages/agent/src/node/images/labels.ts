/** What labels of an image say to us (seed spec 8.1). They come from whoever made the image: nothing in them is trusted. Pure. */

/** In the order in which they count. */
const FAMILIES = ['ai.backend.', 'io.sorna.'] as const;

/** Seconds that one execution may take where the image says nothing. */
export const DEFAULT_TIMEOUT_SECONDS = 10;
/** Longest timeout that counts: a month. */
const MOST_SECONDS = 31 * 24 * 3600;
const MOST_WORDS = 100;
const MOST_CHARACTERS = 4096;

export interface ImageMeaning {
  /** Of the conventions that the image keeps; 1 where nothing is said. */
  readonly version: number;
  /** Seconds that one execution may take; 0: any; null: the image does not say ({@link DEFAULT_TIMEOUT_SECONDS} by convention). */
  readonly timeoutSeconds: number | null;
  /** Variables that are to be the number of cores. */
  readonly corecount: readonly string[];
  /** Words such as `batch`, `query`, `uid-match`, `user-input`, `tty`. */
  readonly features: ReadonlySet<string>;
  /** What could not be read, for the log; empty as a rule. */
  readonly warnings: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

/** Value of a label of ours: of the newer family, else of the older; undefined where there is none. */
export function labelOf(labels: Labels, name: string): string | undefined {
  const key = FAMILIES.map((family) => family + name).find((full) => Object.hasOwn(labels, full));
  return key === undefined ? undefined : labels[key];
}

/** Labels that mean something to us, of a sane length; others are not kept. */
export const ourLabels = (labels: Labels): Labels =>
  Object.fromEntries(
    Object.entries(labels).filter(
      ([name, value]) => [...FAMILIES, 'ai.berth.'].some((family) => name.startsWith(family)) && value.length <= MOST_CHARACTERS,
    ),
  );

/** Reads them all; what is malformed counts as not said, with a warning. */
export function readLabels(labels: Labels): ImageMeaning {
  const warnings: string[] = [];
  const number = (name: string, most: number): number | null => {
    const text = labelOf(labels, name)?.trim();
    if (text === undefined) return null;
    if (/^\d{1,15}$/.test(text) && Number(text) <= most) return Number(text);
    warnings.push(`${name} is ${JSON.stringify(text.slice(0, 100))}: it must be a number from 0 to ${most}`);
    return null;
  };
  const words = (name: string, separator: RegExp, form: RegExp): string[] => {
    const all = (labelOf(labels, name) ?? '').split(separator, MOST_WORDS).filter((word) => word !== '');
    const odd = all.find((word) => !form.test(word));
    if (odd !== undefined) warnings.push(`${name} has ${JSON.stringify(odd.slice(0, 100))}, which is left out`);
    return all.filter((word) => form.test(word));
  };
  return {
    version: number('version', Number.MAX_SAFE_INTEGER) ?? 1,
    timeoutSeconds: number('timeout', MOST_SECONDS),
    corecount: words('envs.corecount', /\s*,\s*/, /^[A-Za-z_]\w{0,127}$/),
    features: new Set(words('features', /\s+/, /^[\w.-]{1,64}$/)),
    warnings,
  };
}
