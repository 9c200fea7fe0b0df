import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A tree of files below .cache/, so that the packages of node_modules are found from it as from the real tree. */
export class TemporaryTree {
  readonly path: string;

  constructor() {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    this.path = mkdtempSync(join(ROOT, '.cache', 'tree-'));
  }

  /** Copies files of the repository to the same places here. */
  copy(...paths: readonly string[]): void {
    for (const path of paths) cpSync(join(ROOT, path), join(this.path, path));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), text);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
