/** `image-metadata.yml` (seed spec 4.3), as keys below `images/`. */
import type { Entries } from '../../ports/coordinator.js';
import { list, namePart, numberOrNull, record, tag, text } from './fields.js';
import { readYaml } from './yaml-file.js';
import { z } from 'zod';

const MOST_IMAGES = 1_000;
const MOST_TAGS = 1_000;

const hash = text(128).regex(
  /^(:[A-Za-z0-9_][A-Za-z0-9_.-]*|[^:\s][^\s]*)$/,
  'must be a hash, or :TAG for the same as another tag',
);

const schema = record({
  images: list(
    record({
      name: namePart(),
      tags: list(z.tuple([tag(), hash], { error: 'must be a list of two: [tag, hash]' }), MOST_TAGS),
      slots: record({ cpu: numberOrNull(1e6), mem: numberOrNull(1e9), gpu: numberOrNull(1e6) }),
    }),
    MOST_IMAGES,
  ),
});

/** What to write, in this order, each item by itself in one transaction. Errors: `bad-config`, `too-large`. */
export function imageEntries(yaml: string, file: string): Entries[] {
  const { value, problem } = readYaml(yaml, file, schema);
  const names = new Set<string>();
  return value.images.flatMap(({ name, tags, slots }, i) => {
    if (names.has(name)) throw problem(['images', i, 'name'], `is ${name}, as an earlier one`);
    names.add(name);
    const seen = new Set<string>();
    tags.forEach(([tagName], j) => {
      if (seen.has(tagName)) throw problem(['images', i, 'tags', j], `is ${tagName}, as an earlier one`);
      seen.add(tagName);
    });
    const aliases = tags.filter(([, target]) => target.startsWith(':'));
    return [
      Object.fromEntries(aliases.map(([alias, target]) => [`images/_aliases/${name}:${alias}`, `${name}${target}`])),
      {
        [`images/${name}`]: '1',
        [`images/${name}/cpu`]: slotText(slots.cpu),
        [`images/${name}/mem`]: slotText(slots.mem),
        [`images/${name}/gpu`]: slotText(slots.gpu),
      },
      Object.fromEntries(tags.map(([tagName, target]) => [`images/${name}/tags/${tagName}`, target])),
    ];
  });
}

/** Two decimals, as Python writes them: what lies exactly between two goes to the even one. */
export function slotText(value: number | null): string {
  if (value === null) return 'null';
  // Only odd multiples of an eighth lie exactly between; all other numbers are nearer to one side.
  const eighths = value * 8;
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return value.toFixed(2);
  const below = Math.floor(value * 100);
  return ((below % 2 === 0 ? below : below + 1) / 100).toFixed(2);
}
