/** Finds the native part of node-pty for this machine: its prebuilt packages are optional, one for each kind of processor. */
import { createRequire } from 'node:module';

/** The file, or null where there is no package for this machine. */
export function findPtyAddon(arch: string = process.arch): string | null {
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('@lydell/node-pty'));
    return near.resolve(`@lydell/node-pty-linux-${arch}/pty.node`);
  } catch {
    return null;
  }
}
