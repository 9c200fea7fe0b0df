// Makes packages/runner/bundle/runner.mjs: the runner as one file without packages, since it runs where there are none.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PLACEHOLDER = '__berth_build__';

/** Bundles the runner into `target` and returns its build id: a hash of its text. */
export async function bundleRunner(target) {
  const result = await build({
    entryPoints: [join(ROOT, 'packages/runner/src/main.ts')],
    alias: { '@berth/wire': join(ROOT, 'packages/wire/src/index.ts'), '@berth/base': join(ROOT, 'packages/base/src/index.ts') },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    minify: true,
    legalComments: 'none',
    define: { BERTH_BUILD: JSON.stringify(PLACEHOLDER) },
    metafile: true,
    write: false,
  });
  const foreign = Object.keys(result.metafile.inputs).filter((path) => path.includes('node_modules'));
  if (foreign.length > 0) throw new Error(`the runner must not contain packages: ${foreign.join(', ')}`);
  const text = result.outputFiles[0].text;
  const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text.replace(PLACEHOLDER, id));
  return id;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = join(ROOT, 'packages/runner/bundle/runner.mjs');
  const id = await bundleRunner(target);
  process.stdout.write(`runner ${id}\n`);
}
