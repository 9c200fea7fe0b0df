// What goes into the machine: this checkout as it is built, a Node, and what the test cache has of the images. One archive, read as a disk.
import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, truncateSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../images/run.mjs';
import { testCache } from '../test-cache.mjs';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
/** Archives from which images are made: the machine has no network. */
const CACHED = /^(debian|musl|kernel-runner)-.*\.tar$/;
const SECTOR = 512;

/** Path of the archive: `checkout/`, `cache/` and `node`. */
export function packCarried({ work, node }) {
  if (!existsSync(join(CHECKOUT, 'packages/runner/bundle')))
    throw new Error('the checkout is not built: npm ci && npm run build');
  run(process.execPath, [join(CHECKOUT, 'scripts/images/build.mjs'), '--fetch']);
  const archive = join(work, 'carried.tar');
  const beside = join(work, 'beside');
  mkdirSync(beside);
  cpSync(realpathSync(node), join(beside, 'node'));
  const cache = testCache();
  const cached = readdirSync(cache).filter((name) => CACHED.test(name));
  run('tar', [
    '--numeric-owner',
    '--owner=0',
    '--group=0',
    '-cf',
    archive,
    ...['--exclude=./.git', '--exclude=./bench/results', '--transform=s,^\\.\\(/\\|$\\),checkout/,S'],
    ...['-C', CHECKOUT, '.'],
    ...['-C', beside, 'node'],
  ]);
  run('tar', ['--numeric-owner', '--transform=s,^,cache/,S', '-rf', archive, '-C', cache, ...cached]);
  // A disk is made of whole sectors.
  truncateSync(archive, Math.ceil(statSync(archive).size / SECTOR) * SECTOR);
  return archive;
}
