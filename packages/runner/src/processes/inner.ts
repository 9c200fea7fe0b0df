/**
 * Programs in namespaces of their own: where the runner and the user's programs have one user id, nothing else keeps them apart. How the
 * namespaces are made is the driver's knowledge; here is what follows from it.
 */
import { readFileSync } from 'node:fs';
import { sleep } from '@berth/base';
import type { InnerNamespaces } from '@berth/wire';
import type { Environment } from './environment.js';
import { readProcesses, type ProcessEntry } from './table.js';

/** Reads the driver's file. Throws when it is none: then no program may be started at all. */
export const readInner = (path: string): InnerNamespaces => JSON.parse(readFileSync(path, 'utf8')) as InnerNamespaces;

/**
 * The command line that runs `argv` inside. The environment goes as options, since what makes the namespaces stands outside of them: a
 * variable such as LD_PRELOAD would bring the user's code there. `first`: the program takes care of all others inside.
 */
export function insideOf(inner: InnerNamespaces, argv: readonly string[], env: Environment, first: boolean): readonly string[] {
  const variables = Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]);
  return [...inner.command, ...variables, ...(first ? [inner.first] : []), '--', ...inner.limits, ...argv];
}

const LOOK_AGAIN_MS = 1;

/**
 * The process inside that {@link insideOf} starts, as we count: of `maker`, which makes the namespaces and waits. Resolves once it has
 * become the program: before that a signal would be lost on it. Undefined when `maker` ended before it was seen.
 */
export async function programInside(maker: number, first: boolean, ended: Promise<unknown>): Promise<number | undefined> {
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    const program = find(readProcesses(), maker, first);
    if (program !== undefined) return program;
    await Promise.race([sleep(LOOK_AGAIN_MS), ended]);
  }
  return undefined;
}

function find(table: readonly ProcessEntry[], maker: number, first: boolean): number | undefined {
  const child = (pid: number | undefined) => (pid === undefined ? undefined : table.find(({ parent }) => parent === pid)?.pid);
  const top = child(maker);
  const program = first ? top : child(top);
  return program !== undefined && hasBecome(program, maker) ? program : undefined;
}

/** It is no longer what makes namespaces, nor the shell that sets limits. */
function hasBecome(pid: number, maker: number): boolean {
  const [name, before] = [nameOf(pid), nameOf(maker)];
  return name !== undefined && name !== before && name !== 'sh';
}

function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return undefined;
  }
}
