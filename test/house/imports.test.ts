/** The lint for imports holds: it sees the tree, and each of its rules finds a file that breaks it. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import config from '../../.dependency-cruiser.mjs';
import { ROOT, TemporaryTree } from './temporary-tree.js';

/** For each rule a file that breaks it: where it lies, and what it imports. */
const BREAKERS: Record<string, readonly [folder: string, imports: string]> = {
  'package-wire': ['wire/src', `'../../base/src/index.js'`],
  'package-base': ['base/src', `'../../wire/src/index.js'`],
  'package-runner': ['runner/src', `'../../carry/src/index.js'`],
  'package-carry': ['carry/src', `'../../agent/src/index.js'`],
  'package-gateway': ['gateway/src', `'@berth/agent'`],
  'package-agent': ['agent/src', `'../../client/src/index.js'`],
  'package-client': ['client/src', `'@berth/base'`],
  'package-cli': ['cli/src', `'@berth/gateway'`],
  'agent-model': ['agent/src/model', `type {} from '../ports/x.js'`],
  'agent-ports': ['agent/src/ports', `'../alloc/x.js'`],
  'agent-alloc': ['agent/src/alloc', `'../kernel/x.js'`],
  'agent-files': ['agent/src/files', `'../alloc/x.js'`],
  'agent-runner-link': ['agent/src/runner-link', `'../kernel/x.js'`],
  'agent-node': ['agent/src/node', `'../files/x.js'`],
  'agent-kernel': ['agent/src/kernel', `'../reconcile/x.js'`],
  'agent-reconcile': ['agent/src/reconcile', `'../commands/index.js'`],
  'agent-host-image': ['agent/src/host-image', `'../kernel/x.js'`],
  'agent-manager-link': ['agent/src/manager-link', `'../kernel/x.js'`],
  'agent-adapters': ['agent/src/adapters/docker', `'../../kernel/x.js'`],
  'agent-config': ['agent/src/config', `'../kernel/x.js'`],
  'outside-zod': ['gateway/src', `'zod'`],
  'outside-dockerode': ['agent/src/kernel', `'dockerode'`],
  'outside-tar-stream': ['agent/src/files', `'tar-stream'`],
  'outside-etcd3': ['agent/src/kernel', `'etcd3'`],
  'outside-redis-client': ['agent/src/kernel', `'@redis/client'`],
  'outside-zeromq': ['agent/src/manager-link/v1_4', `'zeromq'`],
  'outside-aws-sdk-client-s3': ['agent/src/kernel', `'@aws-sdk/client-s3'`],
  'outside-aws-sdk-lib-storage': ['agent/src/kernel', `'@aws-sdk/lib-storage'`],
  'outside-snappy': ['agent/src/kernel', `'snappy'`],
  'outside-yaml': ['agent/src/config', `'yaml'`],
  'outside-smol-toml': ['agent/src/manager-link', `'smol-toml'`],
  'outside-lydell-node-pty': ['agent/src/kernel', `'@lydell/node-pty'`],
  'outside-pino': ['agent/src/kernel', `type {} from 'pino'`],
  'outside-fastify': ['agent/src', `'fastify'`],
  'outside-fastify-websocket': ['agent/src', `'@fastify/websocket'`],
  'outside-ws': ['cli/src', `'ws'`],
  'outside-yocto-spinner': ['client/src', `'yocto-spinner'`],
  'outside-unknown': ['agent/src', `'fast-check'`],
  'entries-only': ['cli/src', `'../../client/src/x.js'`],
  'adapters-apart': ['agent/src/adapters/docker', `'../sandbox/x.js'`],
  'adapters-only-at-root': ['agent/src/kernel', `'../adapters/docker/x.js'`],
  'front-only-at-root': ['agent/src/reconcile', `'@berth/gateway'`],
  'cli-lazy-agent': ['cli/src', `'@berth/agent/commands'`],
  pure: ['wire/src', `'node:fs'`],
  'no-test-code': ['agent/src', `'../testing/x.js'`],
  'no-circles': ['base/src', `type {} from './circle.js'`],
  resolvable: ['base/src', `'./nowhere.js'`],
  reached: ['base/src', `'node:path'`],
  declared: ['base/src', `'ws'`],
};

const breakerPath = (rule: string) => `packages/${BREAKERS[rule]![0]}/breaks-${rule}.ts`;
const importOf = (what: string) => `import ${what};\nexport const x = 1;\n`;

interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

function cruise(directory: string, ...folders: string[]): Report {
  const args = ['--config', `${ROOT}.dependency-cruiser.mjs`, '--output-type', 'json', ...folders];
  return JSON.parse(
    execFileSync(`${ROOT}node_modules/.bin/depcruise`, args, { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 28 }),
  ) as Report;
}

describe('the lint for imports', () => {
  let tree: TemporaryTree;
  let report: Report;

  beforeAll(() => {
    tree = new TemporaryTree();
    tree.copy('tsconfig.base.json', 'tsconfig.tests.json', 'package.json');
    for (const name of ['wire', 'base', 'runner', 'carry', 'gateway', 'agent', 'client', 'cli']) {
      tree.copy(`packages/${name}/package.json`);
      tree.write(`packages/${name}/src/index.ts`, 'export const x = 1;\n');
    }
    const folders = ['model', 'ports', 'alloc', 'files', 'kernel', 'reconcile', 'adapters/docker', 'adapters/sandbox'];
    for (const folder of folders) tree.write(`packages/agent/src/${folder}/x.ts`, 'export const x = 1;\n');
    tree.write('packages/agent/src/commands/index.ts', 'export const x = 1;\n');
    tree.write('packages/agent/testing/x.ts', 'export const x = 1;\n');
    tree.write('packages/client/src/x.ts', 'export const x = 1;\n');
    tree.write('packages/base/src/circle.ts', importOf(`type {} from './breaks-no-circles.js'`));
    for (const rule of Object.keys(BREAKERS)) tree.write(breakerPath(rule), importOf(BREAKERS[rule]![1]));
    report = cruise(tree.path, 'packages');
  });
  afterAll(() => tree.remove());

  it('has a file here that breaks it, for every rule', () => {
    expect(Object.keys(BREAKERS).sort()).toEqual(config.forbidden.map((rule) => rule.name).sort());
  });

  it.each(Object.keys(BREAKERS))('reports %s', (rule) => {
    const found = report.summary.violations
      .filter(({ from }) => from === breakerPath(rule))
      .map((violation) => violation.rule.name);
    expect(found).toContain(rule);
  });

  it('reports nothing about files that break no rule', () => {
    // What only breakers import is not reached, and rightly told so.
    const others = report.summary.violations.filter(({ rule }) => rule.name !== 'reached');
    const guilty = [...Object.keys(BREAKERS).map(breakerPath), 'packages/base/src/circle.ts'];
    expect(others.filter(({ from }) => !guilty.includes(from))).toEqual([]);
  });

  // dependency-cruiser calls a tree clean when it sees none of it. Raise the number as the tree grows.
  it('sees the whole tree', { timeout: 120_000 }, () => {
    expect(cruise(ROOT, 'packages', 'test').summary.totalCruised).toBeGreaterThan(600);
  });
});
