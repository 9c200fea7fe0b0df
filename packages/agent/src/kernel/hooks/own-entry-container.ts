import { BerthError, IN_KERNEL } from '@berth/wire';
import { containerName, type KernelFacts } from '../../model/facts.js';
import { RUNNER_PORTS } from '../../model/runner-ports.js';
import type { Driver, Mount, OwnEntry, PublishedPort } from '../../ports/driver.js';
import type { LifecycleHook } from '../hook.js';
import { removePredecessor, type Owner } from './container.js';

const FEATURES = ['ai.backend.features', 'io.sorna.features'];

/** Whoever reaches the first two runs code in the kernel without a word of who it is: they are for this machine only (seed spec, D17). */
function portsOf(labels: Readonly<Record<string, string>>, terminalAddress: string): PublishedPort[] {
  const features = FEATURES.map((name) => labels[name]).find((text) => text !== undefined) ?? '';
  const port = (containerPort: number, hostAddress: string) => ({ containerPort, hostAddress, hostPort: null });
  return [
    port(RUNNER_PORTS.commands, '127.0.0.1'),
    port(RUNNER_PORTS.outputs, '127.0.0.1'),
    ...(features.split(/\s+/).includes('tty')
      ? [port(RUNNER_PORTS.terminalInput, terminalAddress), port(RUNNER_PORTS.terminalOutput, terminalAddress)]
      : []),
  ];
}

/** What the entrypoint is told. The user is the kernel's own, so that its files can be read and removed. */
export const ownEntryEnvironment = ({ spec, uid }: Pick<KernelFacts, 'spec' | 'uid'>): Record<string, string> => ({
  ...spec.env,
  LOCAL_USER_ID: String(uid),
});

/** What the operator has decided about such kernels. */
export interface OwnEntrySettings {
  /** Where their terminals are published, for managers; default 127.0.0.1. */
  readonly terminalAddress?: string | undefined;
  /** Files of the host over what the image has, read-only: for those who work on a runner (seed spec 2, --debug-kernel and others). */
  readonly debugMounts?: readonly Mount[] | undefined;
  /** Dead containers stay for `docker logs`, until they are taken for orphans. */
  readonly keepDeadContainers?: boolean | undefined;
}

/**
 * The container of a kernel whose image brings its supervisor: created under its derived name, its id journalled, then started. The
 * manager speaks to the terminal ports itself, so they listen on an address of this machine that it can reach.
 */
export function ownEntryContainerHook(driver: Driver, owner: Owner, settings: OwnEntrySettings): LifecycleHook {
  return {
    name: 'container',
    async acquire({ facts, draft, signal, containerMade }) {
      const { spec } = facts;
      if (!draft.image) throw new BerthError('internal', 'the container hook ran before the image hook');
      if (spec.network !== 'bridge') {
        throw new BerthError(
          'create-failed',
          `a kernel-runner listens on TCP: it needs the network bridge, not ${spec.network}`,
          {
            fix: 'Ask for the network bridge, or use the image without its own runner.',
          },
        );
      }
      await removePredecessor(driver, facts);
      const ownEntry: OwnEntry = {
        env: ownEntryEnvironment(facts),
        ports: portsOf(draft.image.labels, settings.terminalAddress ?? '127.0.0.1'),
        tty: true,
        stopSignal: 'SIGINT',
      };
      const { containerId } = await driver.create(
        {
          name: containerName(facts),
          labels: { ...owner, kernelId: facts.kernelId, sessionId: facts.sessionId, incarnation: facts.incarnation },
          imageId: draft.image.imageId,
          command: [],
          // The run directory is the agent's alone: there is no supervisor of ours inside.
          mounts: [...draft.mounts.filter(({ target }) => target !== IN_KERNEL.run), ...(settings.debugMounts ?? [])],
          tmpfs: draft.tmpfs.filter(({ target }) => target !== IN_KERNEL.private),
          cpus: spec.cpus,
          cpuset: spec.cpuset,
          memoryBytes: spec.memoryBytes,
          pids: spec.pids,
          network: spec.network,
          ownEntry,
        },
        signal,
      );
      await containerMade(containerId);
      signal.throwIfAborted();
      await driver.start(containerId, signal);
    },
    async release({ facts, containerId }) {
      // By name when no id was journalled: the crash may lie between making it and writing it down.
      const id = containerId ?? (await driver.inspect(containerName(facts)))?.containerId;
      if (id !== undefined) await (settings.keepDeadContainers ? driver.kill(id) : driver.remove(id));
      await removePredecessor(driver, facts);
    },
  };
}
