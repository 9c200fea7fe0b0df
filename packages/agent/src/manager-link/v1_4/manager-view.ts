/** What a manager says of itself and of the cluster, as etcd has it (seed spec 4.2); followed, since any of it may move. */
import type { Coordinator } from '../../ports/coordinator.js';

const KEYS = {
  manager: 'nodes/manager',
  eventAddress: 'nodes/manager/event_addr',
  redis: 'nodes/redis',
  folderRoot: 'volumes/_mount',
  folderRootOfGuides: 'volumes/_vfroot',
} as const;

/** Null: not told. */
export interface ManagerFacts {
  /** The manager's instance id: there is a manager. */
  readonly manager: string | null;
  /** `host:port` for events. */
  readonly eventAddress: string | null;
  /** `host:port` of Redis. */
  readonly redis: string | null;
  /** Root of virtual folders. */
  readonly folderRoot: string | null;
  /** What a guide for databases says to set; no agent ever read it (seed spec 0.10, no. 13). */
  readonly folderRootOfGuides: string | null;
}

export const NO_FACTS: ManagerFacts = {
  manager: null,
  eventAddress: null,
  redis: null,
  folderRoot: null,
  folderRootOfGuides: null,
};

/** Tells all that is known with each change, until `signal` aborts. */
export async function followManager(
  coordinator: Pick<Coordinator, 'follow'>,
  onChange: (facts: ManagerFacts) => void,
  signal: AbortSignal,
): Promise<void> {
  let facts = NO_FACTS;
  const names = new Map(Object.entries(KEYS).map(([name, key]) => [key as string, name as keyof ManagerFacts]));
  for await (const { key, value } of coordinator.follow([...names.keys()], signal)) {
    const name = names.get(key);
    if (name === undefined || facts[name] === value) continue;
    facts = { ...facts, [name]: value };
    onChange(facts);
  }
}

/** `host:port`, split at the last colon; undefined for anything else. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const at = text.lastIndexOf(':');
  const port = Number(text.slice(at + 1));
  const host = text
    .slice(0, at)
    .replace(/^tcp:\/\//, '')
    .replace(/^\[|\]$/g, '');
  return at > 0 && host !== '' && Number.isInteger(port) && port > 0 && port < 65_536 ? { host, port } : undefined;
}
