import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { expect, it } from 'vitest';

it('closes what was inherited, and nothing that Node needs', () => {
  const entry = fileURLToPath(new URL('inherited.ts', import.meta.url));
  const { outputFiles } = buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'cjs', write: false });
  const program = `${outputFiles[0]!.text}
const { spawnSync } = require('node:child_process');
const seen = (pid) => spawnSync('/bin/sh', ['-c', 'ls -l /proc/' + pid + '/fd'], { stdio: ['ignore', 'pipe', 2] }).stdout.toString();
const found = () => [process.pid, 'self'].map((pid) => seen(pid).includes('inherited.test.ts'));
console.log(...found());
module.exports.closeInherited();
console.log(...found());
setTimeout(() => console.log('and goes on'), 1);`;
  // Node looks after low numbers itself, up to the first gap.
  const start = 'exec 251<"$0"; exec "$1" -e "$2"';
  const stdout = execFileSync('bash', ['-c', start, fileURLToPath(import.meta.url), process.execPath, program], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('true true\nfalse false\nand goes on\n');
});
