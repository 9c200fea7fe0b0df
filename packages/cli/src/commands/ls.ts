import type { FileChange, FileEntry } from '@berth/wire';
import { defineCommand } from '../command.js';
import { remotePlace } from '../files/place.js';
import { interruptible } from '../files/transfer.js';
import { oneLine, table, writeJson, writeLine, type Terminal } from '../terminal.js';
import { inUnits } from '../units.js';

export const ls = defineCommand({
  name: 'ls',
  summary: 'list the files of a session',
  usage: ['ls SESSION[:PATH]', 'ls --watch SESSION[:PATH]'],
  details: [
    'Without PATH, what is in /home/work. With --watch, what changes there and below it, until Ctrl-C; `overflow` says that too much\n' +
      'happened at once to be told.',
  ],
  options: { watch: { type: 'boolean', short: 'w', help: 'tell what changes' } },
  words: { min: 1, max: 1 },
  wordNames: 'a SESSION; `berth ps` lists them',
  examples: [
    ['ls work', 'what is in /home/work'],
    ['ls work:project -o json', 'a directory, for programs'],
    ['ls -w work:.output', 'files as they come'],
  ],
  async run({ values, words: [word = ''] }, context) {
    const { terminal, json, nodes } = context;
    const { session, path } = remotePlace(word) ?? { session: word, path: '.' };
    const client = await nodes.client();
    if (values.watch) {
      await interruptible(client, context, async ({ signal }) => {
        for await (const change of client.watchFiles(session, path, { signal })) await tell(terminal, change, json);
      });
      return 0;
    }
    const entry = await client.statFile(session, path);
    const entries = entry.type === 'directory' ? [...(await client.listFiles(session, path))].sort(byPath) : [entry];
    if (json) await writeJson(terminal.stdout, { entries });
    else if (entries.length > 0) await writeLine(terminal.stdout, table(entries.map((one) => row(one, entry))));
    return 0;
  },
});

const byPath = (a: FileEntry, b: FileEntry): number => (a.path < b.path ? -1 : 1);

const SUFFIX: Readonly<Record<FileEntry['type'], string>> = { file: '', directory: '/', link: '@', other: '?' };

/** Names relative to the directory that is listed. */
function row({ path, type, size, mtimeMs }: FileEntry, top: FileEntry): string[] {
  const isBelow = top.type === 'directory' && top.path !== '.';
  const name = isBelow ? path.slice(top.path.length + 1) : path;
  const time = new Date(mtimeMs).toISOString().slice(0, 16).replace('T', ' ');
  return [type === 'file' ? inUnits(size).padStart(7) : ''.padStart(7), time, oneLine(name) + SUFFIX[type]];
}

async function tell({ stdout }: Terminal, change: FileChange, json: boolean): Promise<void> {
  if (json) return writeJson(stdout, change);
  if (change.type === 'ready') return;
  await writeLine(stdout, 'path' in change ? `${change.type}  ${oneLine(change.path)}` : change.type);
}
