import { isBerthError } from '@berth/wire';
import type { BerthClient } from '@berth/client';
import { usage } from '../args/parse.js';
import { defineCommand } from '../command.js';
import { download } from '../files/download.js';
import { remotePlace, type RemotePlace } from '../files/place.js';
import { interruptible, type Copied } from '../files/transfer.js';
import { upload, uploadInput } from '../files/upload.js';
import { writeJson } from '../terminal.js';

export const cp = defineCommand({
  name: 'cp',
  summary: 'copy files into a session, and out of it',
  usage: ['cp [-r] LOCAL... SESSION:PATH', 'cp [-r] SESSION:PATH... LOCAL', 'cp - SESSION:PATH', 'cp SESSION:PATH -'],
  details: [
    'Paths in a session are relative to /home/work. A file gets its name when all of it has arrived: nobody sees half of it, and\n' +
      'Ctrl-C leaves nothing. Links are copied as links, and none is followed in a session. - is standard input or output.',
    'A name of this machine that has a colon in it is written with a directory: ./a:b.',
  ],
  options: {
    recursive: { type: 'boolean', short: 'r', help: 'directories with all that is in them' },
    check: { type: 'boolean', help: 'read uploads twice, and have the node compare their sha256' },
  },
  words: { min: 2, max: Infinity },
  wordNames: 'what to copy and where to, for example `berth cp data.csv work:`',
  examples: [
    ['cp data.csv work:', 'into /home/work of the session work'],
    ['cp -r src work:project', 'a directory'],
    ['cp work:result.png .', 'out of it'],
    ['cp work:log.txt - | tail', 'to a program'],
  ],
  async run({ values: { recursive, check }, words }, context) {
    const sources = words.slice(0, -1);
    const last = words.at(-1)!;
    const target = remotePlace(last);
    const places = sources.map(remotePlace);
    if (target && places.some((place) => place)) throw usage(cp, 'one side of a copy must be of this machine');
    if (!target && !places.every((place) => place))
      throw usage(
        cp,
        `neither ${JSON.stringify(sources[0])} nor ${JSON.stringify(last)} is a place in a session, such as work:data.csv`,
      );
    if (sources.includes('-') && sources.length > 1) throw usage(cp, 'standard input can be copied alone only');
    const client = await context.nodes.lastingClient({ start: false });
    const copied: Copied[] = [];
    await interruptible(client, context, async (transfer) => {
      if (target) {
        const into = target.directory || (await isDirectory(client, target));
        if (!into && sources.length > 1)
          throw usage(cp, `${last} is no directory, and there are ${sources.length} files to copy`);
        const options = { session: target.session, path: target.path, into, recursive, check };
        if (sources[0] === '-' && into) throw usage(cp, `standard input needs the name of a file: ${last} is a directory`);
        for (const source of sources)
          copied.push(await (source === '-' ? uploadInput(transfer, options) : upload(transfer, source, options)));
      } else {
        const to = sources.length > 1 && last !== '-' && !last.endsWith('/') ? `${last}/` : last;
        for (const { session, path } of places as readonly RemotePlace[])
          copied.push(await download(transfer, { session, entry: await client.statFile(session, path), to, recursive }));
      }
    });
    if (context.json) await writeJson(last === '-' ? context.terminal.stderr : context.terminal.stdout, { copied });
    return 0;
  },
});

async function isDirectory(client: BerthClient, { session, path }: RemotePlace): Promise<boolean> {
  try {
    return (await client.statFile(session, path)).type === 'directory';
  } catch (error) {
    if (isBerthError(error) && error.code === 'no-such-file') return false;
    throw error;
  }
}
