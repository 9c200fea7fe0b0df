/** Images that managers of the 1.4 dialect have registered in etcd (seed spec 4.2). Pure. */

interface Entry {
  /** Relative to the namespace. */
  readonly key: string;
  readonly value: string;
}

export interface Registered {
  /** `<name>:<tag>`, sorted, each once; tags that stand for another tag are followed. */
  readonly names: readonly string[];
  /** What could not be made sense of, in words. */
  readonly problems: readonly string[];
}

/** Below this prefix are the keys that {@link registeredImages} wants. */
export const IMAGES_PREFIX = 'images/';

/** `images/<name>/tags/<tag>`, with the hash of the image, or `:<other tag>`. */
const KEY = /^images\/(?<name>[a-z0-9][a-z0-9._-]{0,199})\/tags\/(?<tag>\w[\w.-]{0,127})$/;

export function registeredImages(entries: readonly Entry[]): Registered {
  const values = new Map<string, string>();
  for (const { key, value } of entries) {
    const { name, tag } = KEY.exec(key)?.groups ?? {};
    if (name !== undefined) values.set(`${name}:${tag}`, value);
  }
  const names = new Set<string>();
  const problems: string[] = [];
  for (const registered of values.keys()) {
    const end = followed(registered, values);
    if (typeof end === 'string') names.add(end);
    else problems.push(end.problem);
  }
  return { names: [...names].sort(), problems };
}

/** The name that is no alias, at the end of a chain of aliases. */
function followed(registered: string, values: ReadonlyMap<string, string>): string | { readonly problem: string } {
  const seen = new Set<string>();
  let name = registered;
  for (;;) {
    const value = values.get(name);
    if (value === undefined) return { problem: `${registered} stands for ${name}, which is not registered` };
    if (!value.startsWith(':')) return name;
    if (seen.has(name)) return { problem: `${registered} stands for itself, by way of ${[...seen].join(', ')}` };
    seen.add(name);
    name = `${name.slice(0, name.indexOf(':'))}${value}`;
  }
}
