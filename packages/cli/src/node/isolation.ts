/** The option of commands that start a node, and what one of them says of a node that has no isolation. */
import type { NodeView } from '@berth/wire';

export const ISOLATION = {
  type: 'string',
  value: 'HOW',
  help: 'none: sessions are plain processes, KEPT FROM NOTHING; never chosen by itself [BERTH_ISOLATION, default sandboxed]',
} as const;

/** How a node is to be made. */
export interface NodeWishes {
  readonly driver?: string | undefined;
  readonly isolation?: string | undefined;
}

/** As flags of `berth up`. */
export const passedOn = ({ driver, isolation }: NodeWishes): readonly string[] => [
  ...(driver === undefined ? [] : ['--driver', driver]),
  ...(isolation === undefined ? [] : ['--isolation', isolation]),
];

/** In capital letters; undefined for a node that keeps sessions apart. */
export const warningOf = ({ isolation, missing }: Pick<NodeView, 'isolation' | 'missing'>): string | undefined =>
  isolation === 'none' ? (missing[0] ?? 'NO ISOLATION') : undefined;
