/** Labels of our containers, `ai.berth.*`: to Docker and back. */
import type { ContainerLabels } from '../../ports/driver.js';

const NAMES = {
  agentId: 'ai.berth.agent',
  stateId: 'ai.berth.state',
  namespace: 'ai.berth.namespace',
  kernelId: 'ai.berth.kernel',
  sessionId: 'ai.berth.session',
  incarnation: 'ai.berth.incarnation',
} as const satisfies Record<keyof ContainerLabels, string>;

/** Every container of a kernel has it, whosever it is. */
export const KERNEL_LABEL = NAMES.kernelId;

const FIELDS = Object.keys(NAMES) as (keyof ContainerLabels)[];

export type Owner = Pick<ContainerLabels, 'agentId' | 'stateId'>;

export const toDockerLabels = (labels: ContainerLabels): Record<string, string> =>
  Object.fromEntries(FIELDS.map((field) => [NAMES[field], String(labels[field])]));

/** Undefined when one is missing or malformed: then it is not a container of ours. */
export function fromDockerLabels(labels: Readonly<Record<string, string | undefined>>): ContainerLabels | undefined {
  const found = Object.fromEntries(FIELDS.map((field) => [field, labels[NAMES[field]]]));
  if (FIELDS.some((field) => found[field] === undefined)) return undefined;
  const incarnation = Number(found['incarnation']);
  if (!Number.isSafeInteger(incarnation) || incarnation < 0) return undefined;
  return { ...found, incarnation } as unknown as ContainerLabels;
}

export const sameLabels = (a: ContainerLabels, b: ContainerLabels): boolean => FIELDS.every((field) => a[field] === b[field]);

/** Filter for Docker's list and events: containers of this owner only. */
export const ownerFilter = ({ agentId, stateId }: Owner): string[] => [
  `${NAMES.agentId}=${agentId}`,
  `${NAMES.stateId}=${stateId}`,
];
