/** What an import would change, by what is in etcd now. Pure. */
import type { Entries } from '../../ports/coordinator.js';
import { aliasEntries, ALIASES, refuseCircles } from './aliases.js';
import { imageEntries } from './images.js';
import { volumeEntries } from './volumes.js';

export type MetadataKind = 'images' | 'aliases' | 'volumes';

interface Form {
  /** Everything that the import reads or writes is below it. */
  readonly prefix: string;
  readonly entries: (yaml: string, file: string) => Entries[];
  /** Whether a key that is in etcd and not in the file is one that an earlier import of this kind may have written. */
  readonly owns: (key: string, keys: ReadonlyMap<string, string>) => boolean;
}

/** Keys that begin with an underscore are Backend.AI's own (`_mount`), and never removed. */
const FORMS: Readonly<Record<MetadataKind, Form>> = {
  images: {
    prefix: 'images/',
    entries: imageEntries,
    owns: (key, keys) => (key.startsWith('images/_') ? isTagAlias(key, keys) : true),
  },
  aliases: {
    prefix: 'images/',
    entries: aliasEntries,
    owns: (key, keys) => key.startsWith(ALIASES) && !isTagAlias(key, keys),
  },
  volumes: { prefix: 'volumes/', entries: volumeEntries, owns: (key) => /^volumes\/[^_/][^/]*\/mount\//.test(key) },
};

/** True for the alias of a tag like `latest`, which comes with the image: its target is also what is kept for the tag. */
function isTagAlias(key: string, keys: ReadonlyMap<string, string>): boolean {
  const [, name, tag] = /^images\/_aliases\/([^:/]+):([^/]+)$/.exec(key) ?? [];
  const kept = keys.get(`images/${name}/tags/${tag}`);
  return kept !== undefined && kept.startsWith(':') && keys.get(key) === `${name}${kept}`;
}

/** One key; null stands for "not there". */
export interface Change {
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface ImportPlan {
  /** In the order of the file, then what is removed. */
  readonly changes: readonly Change[];
  /** Keys that are there as the file has them. */
  readonly unchanged: number;
  /** What to write, each item in one transaction. */
  readonly writes: readonly Entries[];
  readonly removals: readonly string[];
}

/** Transactions of etcd take 128 operations. */
const MOST_AT_ONCE = 100;

/** Where to look before {@link planImport}. */
export const prefixOf = (kind: MetadataKind): string => FORMS[kind].prefix;

/**
 * Compares a file with `keys`, which are all those below {@link prefixOf}. With `prune`, what is not in the file is removed.
 * Errors: `bad-config`, `too-large`.
 */
export function planImport(
  kind: MetadataKind,
  {
    yaml,
    file,
    keys,
    prune,
  }: { readonly yaml: string; readonly file: string; readonly keys: ReadonlyMap<string, string>; readonly prune: boolean },
): ImportPlan {
  const { entries, owns } = FORMS[kind];
  const after = new Map(keys);
  const writes: Entries[] = [];
  const wanted = new Map<string, string>();
  for (const batch of entries(yaml, file)) {
    const pairs = Object.entries(batch);
    for (const [key, value] of pairs) wanted.set(key, value);
    const differing = pairs.filter(([key, value]) => keys.get(key) !== value);
    for (let from = 0; from < differing.length; from += MOST_AT_ONCE)
      writes.push(Object.fromEntries(differing.slice(from, from + MOST_AT_ONCE)));
  }
  for (const [key, value] of wanted) after.set(key, value);
  const removals = prune ? [...keys.keys()].filter((key) => !wanted.has(key) && owns(key, keys)) : [];
  for (const key of removals) after.delete(key);
  refuseCircles(after);
  const changed = writes.flatMap((batch) => Object.entries(batch));
  return {
    changes: [
      ...changed.map(([key, value]): Change => ({ key, before: keys.get(key) ?? null, after: value })),
      ...removals.map((key): Change => ({ key, before: keys.get(key) ?? null, after: null })),
    ],
    unchanged: wanted.size - changed.length,
    writes,
    removals,
  };
}
