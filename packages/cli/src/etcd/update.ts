/** The metadata files of a manager: what they would change, and making it so. */
import { notice, writeJson, writeLine } from '../terminal.js';
import type { EtcdTools, EtcdVerb } from './verb.js';

type MetadataKind = Parameters<EtcdTools['planOf']>[1]['kind'];

/** Writes one kind of metadata from a file. */
export const update = (kind: MetadataKind): EtcdVerb => ({
  words: { min: 0, max: 0 },
  takes: 'no words, but -f FILE',
  options: ['file', 'dry-run', 'prune'],
  async run({ tools, coordinator, values, terminal, json }) {
    const { 'dry-run': dryRun, prune } = values;
    const plan = await tools.planOf(coordinator, { kind, file: values.file!, prune });
    if (!dryRun) await tools.carryOut(coordinator, plan);
    const { changes, unchanged } = plan;
    const written = !dryRun && changes.length > 0;
    if (json) {
      const masked = (key: string, value: string | null) => (value === null ? null : tools.maskedValue(key, value));
      const told = changes.map(({ key, before, after }) => ({ key, before: masked(key, before), after: masked(key, after) }));
      await writeJson(terminal.stdout, { written, changes: told, unchanged });
      return 0;
    }
    for (const change of changes) await writeLine(terminal.stdout, tools.shownChange(change));
    await writeLine(terminal.stdout, `${tools.shownCounts(plan)}${dryRun ? '; nothing was written (--dry-run)' : ''}`);
    if (written && kind !== 'volumes')
      await notice(terminal, 'a manager that runs keeps what it knew: restart it to have it see this');
    return 0;
  },
});
