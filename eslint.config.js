// The rules of CONTRIBUTING.md that a linter can hold; .dependency-cruiser.mjs holds those about imports.
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What runs as a program of its own: only there the environment is read and the process ended. */
const MAIN = ['packages/*/src/main.ts', 'packages/*/src/config/**'];

/** Where time comes from. The client imports wire only, so it has a place of its own. */
const CLOCK_PLACES = ['packages/base/src/**/*.ts', 'packages/client/src/patience.ts'];

const ENVIRONMENT = {
  properties: [
    {
      object: 'process',
      property: 'env',
      message: 'Only config/ and main.ts read the environment; take the value as a parameter.',
    },
    { object: 'process', property: 'exit', message: 'Only main.ts ends the process; throw, or return.' },
  ],
  imports: [{ name: 'node:process', message: 'Use the global `process`, so that the lint sees what is used of it.' }],
};
const CLOCK = {
  properties: [
    { object: 'Date', property: 'now', message: "Take a Clock (base's clock.ts)." },
    { object: 'performance', property: 'now', message: "Take a Clock (base's clock.ts)." },
  ],
  globals: ['setTimeout', 'setInterval'].map((name) => ({ name, message: "Take a Clock (base's clock.ts)." })),
  // Not setImmediate: a turn of the event loop is no time.
  imports: ['node:timers', 'node:timers/promises'].map((name) => ({
    name,
    importNames: ['setTimeout', 'setInterval', 'scheduler'],
    message: "Take a Clock (base's clock.ts).",
  })),
  syntax: [{ selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: "Take a Clock (base's clock.ts)." }],
};

/**
 * ESLint replaces the options of a rule, it does not add to them: so all that is restricted for a file is told at once. And a
 * rule without options would keep the earlier ones, hence `off`.
 */
function restricting(...groups) {
  const rule = (kind) => {
    const options = groups.flatMap((group) => group[kind] ?? []);
    return options.length > 0 ? ['error', ...options] : 'off';
  };
  return {
    'no-restricted-properties': rule('properties'),
    'no-restricted-globals': rule('globals'),
    'no-restricted-imports': rule('imports'),
    'no-restricted-syntax': rule('syntax'),
  };
}

const UNUSED = { argsIgnorePattern: '^_', varsIgnorePattern: '^_' };
/** Every global of this Node; a name outside them is a typing error. */
const NODE_GLOBALS = Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']));

export default defineConfig(
  globalIgnores(['**/dist/', '**/bundle/', 'bench/results/', 'packages/runner/repl/']),
  {
    files: ['**/*.{js,mjs,ts}', 'scripts/test-services'],
    extends: [js.configs.recommended],
    languageOptions: { globals: NODE_GLOBALS },
    rules: { 'max-lines': ['error', { max: 400 }], 'no-unused-vars': ['error', UNUSED] },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: './tsconfig.tests.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', UNUSED],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['packages/*/src/**/*.ts'], ignores: ['**/*.test.ts'], rules: restricting(ENVIRONMENT, CLOCK) },
  { files: CLOCK_PLACES, rules: restricting(ENVIRONMENT) },
  { files: MAIN, rules: restricting(CLOCK) },
);
