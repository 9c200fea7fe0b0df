import { BerthError, IN_KERNEL } from '@berth/wire';
import type { CarryMount } from './carry-mount.js';
import { containerName, type KernelFacts } from '../../model/facts.js';
import type { ContainerLabels, Driver, TmpfsMount } from '../../ports/driver.js';
import type { LifecycleHook } from '../hook.js';

/** Owner part of the labels: which agent and which state directory a container belongs to. */
export type Owner = Pick<ContainerLabels, 'agentId' | 'stateId' | 'namespace'>;

const MIB = 1024 * 1024;

/** Writable places of an otherwise read-only root. Their bytes count as memory of the kernel. */
function writablePlaces(memoryBytes: number): TmpfsMount[] {
  const half = Math.max(16 * MIB, Math.floor(memoryBytes / 2));
  return [
    { target: '/tmp', sizeBytes: half, mode: 0o1777 },
    { target: '/var/tmp', sizeBytes: half, mode: 0o1777 },
    { target: '/run', sizeBytes: 16 * MIB, mode: 0o755 },
  ];
}

/** Of a restart: the container of the incarnation before, which a crash may have left running. */
export async function removePredecessor(driver: Driver, facts: KernelFacts): Promise<void> {
  if (facts.incarnation === 1) return;
  const before = await driver.inspect(containerName({ ...facts, incarnation: facts.incarnation - 1 }));
  if (before) await driver.remove(before.containerId);
}

/** The container: created under its derived name, its id journalled, then started. */
export function containerHook(driver: Driver, owner: Owner, carry: CarryMount): LifecycleHook {
  return {
    name: 'container',
    async acquire({ facts, draft, signal, containerMade }) {
      if (!draft.image) throw new BerthError('internal', 'the container hook ran before the image hook');
      await removePredecessor(driver, facts);
      const { containerId } = await driver.create(
        {
          name: containerName(facts),
          labels: { ...owner, kernelId: facts.kernelId, sessionId: facts.sessionId, incarnation: facts.incarnation },
          imageId: draft.image.imageId,
          command: carry.command(facts.kernelId, facts.incarnation),
          mounts: [
            ...draft.mounts,
            { source: carry.path, target: IN_KERNEL.carry, readOnly: true },
            // The driver then need not set up a network that only knows localhost, which is half of a container's start.
            ...(facts.spec.network === 'none' ? [{ source: carry.hostsFile, target: '/etc/hosts', readOnly: true }] : []),
          ],
          tmpfs: [...draft.tmpfs, ...writablePlaces(facts.spec.memoryBytes)],
          cpus: facts.spec.cpus,
          cpuset: facts.spec.cpuset,
          memoryBytes: facts.spec.memoryBytes,
          pids: facts.spec.pids,
          network: facts.spec.network,
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
      if (id !== undefined) await driver.remove(id);
      await removePredecessor(driver, facts);
    },
  };
}
