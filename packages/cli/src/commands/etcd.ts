import { didYouMean } from '@berth/base';
import type { OptionTable } from '../args/option.js';
import { usage } from '../args/parse.js';
import { defineCommand } from '../command.js';
import { get, ls, put, resolve, rm } from '../etcd/keys.js';
import { update } from '../etcd/update.js';
import type { EtcdVerb } from '../etcd/verb.js';
import { during } from '../progress.js';

const VERBS: Readonly<Record<string, EtcdVerb>> = {
  'update-images': update('images'),
  'update-aliases': update('aliases'),
  'update-volumes': update('volumes'),
  get,
  put,
  ls,
  rm,
  resolve,
};

export const etcd = defineCommand({
  name: 'etcd',
  summary: 'read and write what a manager and its agents share',
  usage: [
    'etcd update-images|update-aliases|update-volumes -f FILE [--dry-run] [--prune]',
    'etcd get KEY',
    'etcd put KEY VALUE',
    'etcd ls [PREFIX]',
    'etcd rm KEY...',
    'etcd resolve ALIAS',
  ],
  details: [
    'Keys are those below the namespace: nodes/redis is /sorna/NAMESPACE/nodes/redis.',
    'The update verbs take the files of a Backend.AI manager 1.4 (image-metadata.yml, image-aliases.yml, volumes.yml) and print each change: + added, ~ changed, - removed. Without --prune nothing is removed.',
    'resolve says which image a manager takes for a name; it ends with 69 when there is none, and with 78 when aliases lead in a circle.',
  ],
  options: {
    file: { type: 'string', short: 'f', value: 'FILE', help: 'with update: the YAML file' },
    'dry-run': { type: 'boolean', help: 'with update: print the changes, write nothing' },
    prune: { type: 'boolean', help: 'with update: remove what is not in the file (images, aliases or volumes only)' },
  },
  moreOptions: async (): Promise<OptionTable> => {
    const { etcdTools } = await import('@berth/agent/commands');
    return (await etcdTools()).coordinatorFlags();
  },
  words: { min: 1, max: Infinity },
  wordNames: `one of ${Object.keys(VERBS).join(', ')}`,
  examples: [
    ['etcd update-images -f image-metadata.yml --dry-run', 'what an import would change'],
    ['etcd update-aliases -f image-aliases.yml --prune', 'aliases as in the file, and no others'],
    ['etcd ls nodes/ --etcd-addr etcd.example.com:2379 --namespace example.com', 'who is there'],
    ['etcd put volumes/_mount /mnt/vfolders', 'where folders of users are mounted'],
    ['etcd resolve python', 'python:3.6-debian, for example'],
  ],
  async run({ values, words: [name, ...words] }, { terminal, json }) {
    const verb = Object.hasOwn(VERBS, name!) ? VERBS[name!]! : undefined;
    if (!verb) {
      const meant = didYouMean(name!, Object.keys(VERBS));
      throw usage(etcd, `\`berth etcd\` knows ${Object.keys(VERBS).join(', ')}, but not ${JSON.stringify(name)}.${meant}`);
    }
    const { min, max } = verb.words;
    if (words.length < min || words.length > max) throw usage(etcd, `\`berth etcd ${name}\` takes ${verb.takes}`);
    for (const option of ['file', 'dry-run', 'prune'] as const) {
      if (values[option] && !verb.options.includes(option)) throw usage(etcd, `\`berth etcd ${name}\` has no --${option}`);
    }
    if (verb.options.includes('file') && !values.file) throw usage(etcd, `\`berth etcd ${name}\` needs -f FILE`);
    const { etcdTools } = await import('@berth/agent/commands');
    const tools = await etcdTools();
    return during(
      terminal,
      'asking etcd',
      tools.withCoordinator(values, (coordinator) => verb.run({ tools, coordinator, words, values, terminal, json })),
    );
  },
});
