/** The lint for code holds: each of its rules finds code that breaks it, and only where it should. */
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { ROOT } from './temporary-tree.js';

const eslint = new ESLint({
  cwd: ROOT,
  // With CI=true typescript-eslint would lint what is on disk in place of the text that it is given.
  overrideConfig: { languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } } },
});

/** A file of the product; its text is replaced for the lint. Typed rules want one that exists. */
const PRODUCT = 'packages/base/src/backoff.ts';
const AGENT = 'packages/agent/src/agent.ts';

/** Code, the rule that must report it, and where. */
const BREAKERS: readonly (readonly [rule: string, file: string, code: string])[] = [
  ['@typescript-eslint/no-floating-promises', PRODUCT, 'export function f() { Promise.resolve(1); }'],
  ['@typescript-eslint/no-misused-promises', PRODUCT, 'export const f = (x: number[]) => x.forEach(async () => {});'],
  ['@typescript-eslint/await-thenable', PRODUCT, 'export async function f() { await 1; }'],
  ['@typescript-eslint/consistent-type-imports', PRODUCT, "import { Clock } from './clock.js';\nexport type C = Clock;"],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    PRODUCT,
    "export function f(x: 'a' | 'b') { switch (x) { case 'a': return 1; } return 2; }",
  ],
  ['@typescript-eslint/no-unused-vars', PRODUCT, 'export function f() { const x = 1; }'],
  ['@typescript-eslint/no-explicit-any', PRODUCT, 'export const f = (x: any) => x as number;'],
  ['max-lines', PRODUCT, 'export {};\n'.repeat(401)],
  ['no-restricted-properties', AGENT, 'export const x = process.env;'],
  ['no-restricted-properties', AGENT, 'export const f = () => process.exit(1);'],
  ['no-restricted-properties', AGENT, 'export const x = Date.now();'],
  ['no-restricted-properties', AGENT, 'export const x = performance.now();'],
  ['no-restricted-properties', PRODUCT, 'export const x = process.env;'],
  ['no-restricted-globals', AGENT, 'export const x = setTimeout(() => {}, 1);'],
  ['no-restricted-globals', AGENT, 'export const x = setInterval(() => {}, 1);'],
  ['no-restricted-imports', AGENT, "import { setTimeout } from 'node:timers/promises';\nexport const x = setTimeout;"],
  ['no-restricted-imports', AGENT, "import { env } from 'node:process';\nexport const x = env;"],
  ['no-restricted-syntax', AGENT, 'export const x = new Date();'],
  ['no-undef', 'scripts/test.mjs', 'nosuchname();'],
];

describe('the lint for code', () => {
  it.each(BREAKERS)('%s reports, in %s: %s', async (rule, file, code) => {
    const [result] = await eslint.lintText(code, { filePath: `${ROOT}${file}` });
    expect(result!.messages.map((message) => message.ruleId)).toContain(rule);
  });

  it('reports nothing about good code', async () => {
    const code = "import type { Clock } from './clock.js';\nexport const f = (clock: Clock): number => clock.now();\n";
    const [result] = await eslint.lintText(code, { filePath: `${ROOT}${PRODUCT}` });
    expect(result!.messages).toEqual([]);
  });

  /** Names that `rule` forbids in `file`, whether or not that file exists. */
  async function forbidden(rule: string, file: string): Promise<string[]> {
    const { rules } = (await eslint.calculateConfigForFile(`${ROOT}${file}`)) as { rules: Record<string, unknown[]> };
    const [severity, ...options] = rules[rule] ?? [0];
    if (severity === 0) return [];
    return (options as { name?: string; object?: string; property?: string }[]).map((o) => o.name ?? `${o.object}.${o.property}`);
  }

  it('lets config and main files read the environment and exit, but not the clock', async () => {
    for (const file of ['packages/agent/src/config/sources.ts', 'packages/cli/src/main.ts', 'packages/runner/src/main.ts']) {
      expect(await forbidden('no-restricted-properties', file)).toEqual(['Date.now', 'performance.now']);
      expect(await forbidden('no-restricted-globals', file)).toEqual(['setTimeout', 'setInterval']);
    }
  });

  it('lets base, and one file of the client, read the clock, but not the environment', async () => {
    for (const file of [PRODUCT, 'packages/client/src/patience.ts']) {
      expect(await forbidden('no-restricted-properties', file)).toEqual(['process.env', 'process.exit']);
      expect(await forbidden('no-restricted-globals', file)).toEqual([]);
    }
  });

  it('covers every package and the tests', async () => {
    for (const name of ['wire', 'base', 'runner', 'carry', 'gateway', 'agent', 'client', 'cli']) {
      expect(await forbidden('no-restricted-properties', `packages/${name}/src/some/file.ts`)).toContain('process.env');
      expect(await eslint.isPathIgnored(`${ROOT}packages/${name}/src/index.ts`)).toBe(false);
    }
    expect(await eslint.isPathIgnored(`${ROOT}test/house/lint.test.ts`)).toBe(false);
  });
});
