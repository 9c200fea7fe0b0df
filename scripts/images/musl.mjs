// A root directory without glibc: a static shell, and programs built with musl, of which one needs /lib/ld-musl-*.so.1.
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fail, run } from './run.mjs';

const APPLETS = ['cat', 'echo', 'env', 'false', 'id', 'kill', 'ls', 'ps', 'seq', 'sh', 'sleep', 'true', 'wc'];

/** Fills `root` and returns it. `recipes` is the directory with the C source. */
export function makeMuslRoot(recipes, root) {
  for (const directory of ['bin', 'lib', 'tmp', 'etc', 'home']) mkdirSync(join(root, directory), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  const source = join(recipes, 'hello.c');
  run('musl-gcc', ['-Os', '-Wall', '-o', join(root, 'bin', 'hello'), source]);
  run('musl-gcc', ['-Os', '-Wall', '-static', '-o', join(root, 'bin', 'hello-static'), source]);
  const loader = readdirSync('/lib').find((name) => /^ld-musl-.*\.so\.1$/.test(name));
  if (!loader) fail('there is no /lib/ld-musl-*.so.1: install musl-tools');
  cpSync(join('/lib', loader), join(root, 'lib', loader), { dereference: true });
  addShell(root);
  return root;
}

/** Debian's busybox-static, taken from its package, which is not installed. */
function addShell(root) {
  const work = `${root}-packages`;
  mkdirSync(work);
  run('apt-get', ['-q', 'download', '-o', 'APT::Sandbox::User=root', 'busybox-static'], { cwd: work });
  for (const name of readdirSync(work)) run('dpkg-deb', ['--extract', join(work, name), join(work, 'unpacked')]);
  cpSync(join(work, 'unpacked', 'bin', 'busybox'), join(root, 'bin', 'busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
}
