/** What a node under a manager needs of its cluster. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { withDeadline } from '@berth/base';
import { toBerthError, type BerthError } from '@berth/wire';
import { parseAddress } from '../../../manager-link/v1_4/manager-view.js';
import type { DoctorContext } from '../context.js';
import { check, green, red, yellow, type CheckEntry, type Finding } from '../finding.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `cluster.${id}`, group: 'cluster', title });

const REACH_MS = 3_000;
const NO_ETCD = 'Make etcd answer first: see cluster.etcd.';

/** What a key says, and whether what it names answers. */
export interface PeerFacts {
  /** Null: there is no such key. */
  readonly value: string | null;
  /** What it said first, empty for one that waits to be spoken to; or why it cannot be reached. */
  readonly answer: string | Error;
}

const ofCluster = <Facts>(
  id: string,
  title: string,
  look: (context: DoctorContext) => Promise<Facts>,
  judge: (facts: Facts) => Finding,
) => ({
  ...check(
    entry(id, title),
    async (context: DoctorContext): Promise<Facts | undefined> => {
      // Told by the first check; the others would say the same again.
      const reached = await context.coordinator().then(
        () => true,
        () => false,
      );
      return reached ? look(context) : undefined;
    },
    (facts) => (facts === undefined ? yellow('not known: etcd cannot be asked', NO_ETCD) : judge(facts)),
  ),
  judgeKnown: judge,
  needs: 'manager' as const,
});

export interface EtcdFacts {
  readonly addresses: string;
  readonly namespace: string;
  readonly problem: BerthError | undefined;
}

export const etcd = {
  ...check(
    entry('etcd', 'etcd answers'),
    async (context: DoctorContext): Promise<EtcdFacts> => {
      const { etcdAddr, namespace } = context.settings.managed!;
      const addresses = etcdAddr.map(({ host, port }) => `${host}:${port}`).join(', ');
      const problem = await context.coordinator().then(() => undefined, toBerthError);
      return { addresses, namespace, problem };
    },
    ({ addresses, namespace, problem }) =>
      problem ? red(problem.message, problem.fix) : green(`${addresses}, namespace ${namespace}`),
  ),
  needs: 'manager' as const,
};

export const manager = ofCluster(
  'manager',
  'the manager can be reached',
  async (context): Promise<PeerFacts & { readonly id: string | null }> => {
    const coordinator = await context.coordinator();
    const [id, value] = [await coordinator.get('nodes/manager'), await coordinator.get('nodes/manager/event_addr')];
    return { id, value, answer: await talk(value, '') };
  },
  ({ id, value, answer }) => {
    if (id === null && value === null)
      return yellow(
        'none has written itself into etcd: nobody will ask for sessions',
        'Start the manager, and check that both have the same --namespace.',
      );
    if (value === null)
      return red(
        'nodes/manager/event_addr is not set: events reach nobody',
        '`berth etcd put nodes/manager/event_addr HOST:PORT`',
      );
    if (answer instanceof Error)
      return red(
        `its address for events, ${value}, cannot be reached: ${answer.message}`,
        'Check nodes/manager/event_addr in etcd, and the network between here and there.',
      );
    return green(id === null ? `events to ${value}; it is not running now` : `${id}, events to ${value}`);
  },
);

export const redis = ofCluster(
  'redis',
  'Redis answers',
  async (context): Promise<PeerFacts> => {
    const value = await (await context.coordinator()).get('nodes/redis');
    return { value, answer: await talk(value, 'PING\r\n') };
  },
  ({ value, answer }) => {
    const fix = 'Check that Redis runs, and that nodes/redis in etcd is its address.';
    if (value === null) return yellow('nodes/redis is not set: statistics go nowhere', '`berth etcd put nodes/redis HOST:PORT`');
    if (answer instanceof Error) return red(`${value} cannot be reached: ${answer.message}`, fix);
    if (/^-(NOAUTH|WRONGPASS)/.test(answer))
      return red(
        `${value} asks for a password, and managers of this generation give none`,
        'Take `requirepass` off it, and shut it off from others by its network.',
      );
    if (!answer.startsWith('+PONG')) return red(`${value} is no Redis`, fix);
    return green(value);
  },
);

export interface FolderFacts {
  readonly root: string | null;
  readonly rootOfGuides: string | null;
  /** What is at `root`: `directory`, `other`, or why it cannot be seen. */
  readonly seen: string;
}

export const folders = ofCluster(
  'folders',
  'virtual folders are mounted',
  async (context): Promise<FolderFacts> => {
    const coordinator = await context.coordinator();
    const root = await coordinator.get('volumes/_mount');
    const seen =
      root === null
        ? ''
        : await stat(root).then(
            (status) => (status.isDirectory() ? 'directory' : 'other'),
            (error: Error) => error.message,
          );
    return { root, rootOfGuides: await coordinator.get('volumes/_vfroot'), seen };
  },
  ({ root, rootOfGuides, seen }) => {
    if (root === null && rootOfGuides !== null)
      return yellow(
        'their root is set under volumes/_vfroot, a key that nobody reads',
        `\`berth etcd put volumes/_mount ${rootOfGuides}\``,
      );
    if (root === null) return green('this cluster has none (volumes/_mount is not set)');
    if (seen === 'directory') return green(root);
    return red(
      `${root} is no directory here${seen === 'other' ? '' : `: ${seen}`}`,
      `Mount the volume of folders at ${root}, or correct volumes/_mount in etcd.`,
    );
  },
);

/** Connects, says something, and resolves with the first answer; says nothing where nothing is to be said. */
async function talk(address: string | null, words: string): Promise<string | Error> {
  const at = address === null ? undefined : parseAddress(address);
  if (!at) return new Error(address === null ? 'not set' : 'it is not HOST:PORT');
  const socket = connect(at);
  socket.on('error', () => {});
  try {
    return await withDeadline(`${at.host}:${at.port}`, REACH_MS, async (signal) => {
      await once(socket, 'connect', { signal });
      if (words === '') return '';
      socket.write(words);
      const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
      return answer.toString('latin1').slice(0, 100);
    });
  } catch (error) {
    return error as Error;
  } finally {
    socket.destroy();
  }
}
