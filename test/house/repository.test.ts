/** What must not be in the repository: places of one machine, and addresses of one registry. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROOT } from './temporary-tree.js';

const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && existsSync(`${ROOT}${file}`));

// Written so that this file does not contain what it looks for.
const REGISTRY = new RegExp(['registry', '(npm|yarn)', '(js|pkg)?\\.(org|com)'].join('[.]?'));
// Homes that images and guides have are no machine's.
const MACHINE_PATH = new RegExp(`(^|[\\s'"\`(=:])/${'(work|home/(?!(work|worker|sorna|backend.ai|devops)\\b)\\w+|Users)'}/\\w`);

function linesWith(pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(`${ROOT}${file}`, 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
}

describe('the repository', () => {
  it('is seen', () => {
    expect(files.length).toBeGreaterThan(150);
  });

  it('names no package registry', () => {
    expect('https://registry' + '.npmjs' + '.org/x').toMatch(REGISTRY);
    expect(linesWith(REGISTRY)).toEqual([]);
  });

  it('names no path of one machine', () => {
    expect("x = '/wo" + "rk/main/y'").toMatch(MACHINE_PATH);
    expect("x = '/home/work/y'").not.toMatch(MACHINE_PATH);
    expect(linesWith(MACHINE_PATH)).toEqual([]);
  });

  it('locks packages by their hash, not by an address', () => {
    const lock = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
      packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>;
    };
    const outside = Object.entries(lock.packages).filter(
      ([path]) => path.includes('node_modules/') && !lock.packages[path]!.link,
    );
    expect(outside.length).toBeGreaterThan(100);
    expect(outside.filter(([, entry]) => entry.resolved?.includes('://')).map(([path]) => path)).toEqual([]);
    expect(outside.filter(([, entry]) => !entry.integrity).map(([path]) => path)).toEqual([]);
  });
});
