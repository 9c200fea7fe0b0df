import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => new URL(relative, import.meta.url).pathname;
const ORDINARY = [path('test/support/ordinary-user.ts')];
/** Stories that count what is on the machine, and so must be alone on it. */
const ALONE = ['test/e2e/cycles.test.ts'];

// Tests run on the sources: @berth/x is packages/x/src, so that no build stands between an edit and its test.
// The stories run twice: as whoever starts them, and as an ordinary user in Docker's group.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@berth\/wire\/http$/, replacement: path('packages/wire/src/http/index.ts') },
      { find: /^@berth\/agent\/commands$/, replacement: path('packages/agent/src/commands/index.ts') },
      { find: /^@berth\/([a-z]+)$/, replacement: path('packages/$1/src/index.ts') },
    ],
  },
  test: {
    testTimeout: 20_000,
    // Stories wait more than they compute; with one core left free, as is the default, two cores would work off one file at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      project('unit', 0, { include: ['packages/**/*.test.ts', 'test/house/**/*.test.ts'] }),
      project('stories', 0, { include: ['test/e2e/**/*.test.ts', 'test/interop/**/*.test.ts'], exclude: ALONE }),
      project('stories as an ordinary user', 0, { include: ['test/e2e/**/*.test.ts'], exclude: ALONE, setupFiles: ORDINARY }),
      project('alone', 1, { include: ALONE }),
      project('alone as an ordinary user', 2, { include: ALONE, setupFiles: ORDINARY }),
    ],
  },
});

function project(name: string, groupOrder: number, test: { include: string[]; exclude?: string[]; setupFiles?: string[] }) {
  return { extends: true as const, test: { name, sequence: { groupOrder }, ...test } };
}
