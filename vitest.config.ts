import { defineConfig } from 'vitest/config';

// Tests run on the sources: @berth/x is packages/x/src, so that no build stands between an edit and its test.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@berth\/wire\/http$/, replacement: new URL('packages/wire/src/http/index.ts', import.meta.url).pathname },
      {
        find: /^@berth\/agent\/commands$/,
        replacement: new URL('packages/agent/src/commands/index.ts', import.meta.url).pathname,
      },
      { find: /^@berth\/([a-z]+)$/, replacement: new URL('packages/$1/src/index.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: ['packages/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
  },
});
