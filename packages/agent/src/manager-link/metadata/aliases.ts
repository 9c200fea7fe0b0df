/** `image-aliases.yml`, and what an alias leads to (seed spec 4.4). */
import { BerthError } from '@berth/wire';
import { z } from 'zod';
import type { Entries } from '../../ports/coordinator.js';
import { list, record, text } from './fields.js';
import { readYaml } from './yaml-file.js';

const MOST_ALIASES = 5_000;
export const ALIASES = 'images/_aliases/';

const name = text(256).regex(/^[^\s/][^\s]*$/, 'must be one word');
const schema = record({
  aliases: list(z.tuple([name, name], { error: 'must be a list of two: [alias, target]' }), MOST_ALIASES),
});

/** What to write, in this order, each item by itself. Errors: `bad-config`, `too-large`. */
export function aliasEntries(yaml: string, file: string): Entries[] {
  const { value, problem } = readYaml(yaml, file, schema);
  const seen = new Map<string, string>();
  value.aliases.forEach(([alias, target], i) => {
    const before = seen.get(alias);
    if (before !== undefined && before !== target)
      throw problem(['aliases', i], `says that ${alias} is ${target}, but an earlier one says ${before}`);
    seen.set(alias, target);
  });
  return [...seen].map(([alias, target]) => ({ [ALIASES + alias]: target }));
}

export interface Resolved {
  /** `name:tag` of a registered image. */
  readonly image: string;
  /** What is kept for the tag, usually a short hash. */
  readonly hash: string;
  /** From what was asked for to the image. */
  readonly steps: readonly string[];
}

/**
 * What a manager makes of a name. `keys` are those below `images/`, relative to the namespace. Errors: `bad-config` when the
 * aliases lead in a circle, `no-such-key` when they lead to no registered image.
 */
export function resolveAlias(asked: string, keys: ReadonlyMap<string, string>): Resolved {
  let steps = stepsFrom(asked, keys);
  if (steps.length === 1 && !asked.includes(':')) steps = [asked, ...stepsFrom(`${asked}:latest`, keys)];
  const image = steps.at(-1)!;
  const at = image.indexOf(':');
  const hash = at < 0 ? undefined : keys.get(`images/${image.slice(0, at)}/tags/${image.slice(at + 1)}`);
  if (hash !== undefined) return { image, hash, steps };
  const way = steps.length > 1 ? ` (${steps.join(' -> ')})` : '';
  throw new BerthError('no-such-key', `no image is registered as ${JSON.stringify(image)}${way}`, {
    fix: 'List the images with `berth etcd ls images/`, or register it with `berth etcd update-images`.',
  });
}

/** The name itself and what its aliases lead to, one after the other. */
function stepsFrom(asked: string, keys: ReadonlyMap<string, string>): string[] {
  const steps = [asked];
  for (;;) {
    const next = keys.get(ALIASES + steps.at(-1)!);
    if (next === undefined) return steps;
    if (steps.includes(next)) throw circle([...steps, next]);
    steps.push(next);
  }
}

/** Throws when some alias leads in a circle: a manager 1.4 that is asked for it never answers. Errors: `bad-config`. */
export function refuseCircles(keys: ReadonlyMap<string, string>): void {
  const good = new Set<string>();
  for (const key of keys.keys()) {
    if (!key.startsWith(ALIASES)) continue;
    const way: string[] = [];
    let at: string | undefined = key.slice(ALIASES.length);
    for (; at !== undefined && !good.has(at); at = keys.get(ALIASES + at)) {
      if (way.includes(at)) throw circle([...way.slice(way.indexOf(at)), at]);
      way.push(at);
    }
    for (const name of way) good.add(name);
  }
}

const circle = (steps: readonly string[]): BerthError =>
  new BerthError('bad-config', `the aliases lead in a circle: ${steps.slice(-10).join(' -> ')}`, {
    fix: 'Let one of them name an image with a tag.',
  });
