/** `volumes.yml` (seed spec 4.5), as keys below `volumes/`. */
import type { Entries } from '../../ports/coordinator.js';
import { list, namePart, oneOf, record, text } from './fields.js';
import { readYaml } from './yaml-file.js';

const MOST_VOLUMES = 1_000;

const schema = record({
  volumes: list(
    record({
      name: namePart(),
      mount: record({ at: oneOf('requested', 'startup'), fstype: oneOf('nfs', 'cifs'), path: text(), options: text() }),
    }),
    MOST_VOLUMES,
  ),
});

/** What to write, each item by itself in one transaction. Errors: `bad-config`, `too-large`. */
export function volumeEntries(yaml: string, file: string): Entries[] {
  const { value, problem } = readYaml(yaml, file, schema);
  const names = new Set<string>();
  return value.volumes.map(({ name, mount }, i) => {
    if (names.has(name)) throw problem(['volumes', i, 'name'], `is ${name}, as an earlier one`);
    names.add(name);
    return Object.fromEntries(Object.entries(mount).map(([field, value]) => [`volumes/${name}/mount/${field}`, value]));
  });
}
