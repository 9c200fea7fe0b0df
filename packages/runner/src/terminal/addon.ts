/** The native part: opens pairs of terminal ends and sets their size. It is node-pty's, of which nothing else is used. */
import { constants } from 'node:os';

export interface PtyAddon {
  /** Both ends, neither closed on exec, both non-blocking; `pty` is the path of the program's end. Throws when there is none left. */
  open(columns: number, rows: number): { readonly master: number; readonly slave: number; readonly pty: string };
  /** Of the runner's end. The programs in the foreground hear of it (SIGWINCH). Throws the system's error. */
  resize(master: number, columns: number, rows: number): void;
}

/** Throws when it, or a library that it needs, does not fit this process. */
export function loadPtyAddon(path: string): PtyAddon {
  const module = { exports: {} };
  process.dlopen(module, path, constants.dlopen.RTLD_LAZY);
  return module.exports as PtyAddon;
}
