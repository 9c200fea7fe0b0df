/** Who belongs to whom. Pure. */
import type { ProcessEntry } from './table.js';

/** All that descend from `root`, not `root` itself, nor what `except` names or descends from it. */
export function descendantsOf(table: readonly ProcessEntry[], root: number, except?: number): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of table) {
    const siblings = children.get(entry.parent);
    if (siblings) siblings.push(entry);
    else children.set(entry.parent, [entry]);
  }
  const found: ProcessEntry[] = [];
  for (const todo = [root]; todo.length > 0;) {
    for (const child of children.get(todo.pop()!) ?? []) {
      if (child.pid === except || child.pid === root) continue;
      found.push(child);
      todo.push(child.pid);
    }
  }
  return found;
}

/**
 * The tree of a run. Under a subreaper these are the descendants of `leader`, whatever they do. Without one, a process that
 * leaves its parent is still known by the session, unless it left that too.
 */
export function treeOf(table: readonly ProcessEntry[], leader: number): ProcessEntry[] {
  const tree = descendantsOf(table, leader);
  const known = new Set(tree.map(({ pid }) => pid));
  for (const entry of table) {
    if (entry.session === leader && entry.pid !== leader && !known.has(entry.pid)) tree.push(entry);
  }
  return tree;
}
