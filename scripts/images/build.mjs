// Makes the images for tests that are not there yet: node scripts/images/build.mjs DOCKER_SOCKET
// Packages of Debian, and of PyPI for the kernel images; needs root, debootstrap, musl-gcc and pip. What was fetched is kept in
// BERTH_TEST_CACHE.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testCache } from '../test-cache.mjs';
import { kernelImageChanges, kernelRunnerArchive } from './kernel-runner.mjs';
import { makeMuslRoot } from './musl.mjs';
import { run } from './run.mjs';

const DEBIAN = 'bookworm';
/** Raised when a recipe changes: the tag of the images in test/support/services.ts. */
const TAG = '1';
const PATH = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const HOSTILE = [
  PATH,
  'ENTRYPOINT ["/bin/false"]',
  'CMD ["--hostile"]',
  'USER 65534:65534',
  'WORKDIR /hostile',
  'ENV NODE_OPTIONS=--require=/hostile/evil.cjs NODE_PATH=/hostile NODE_EXTRA_CA_CERTS=/hostile/none.pem',
  'ENV LD_PRELOAD=/hostile/evil.so LD_LIBRARY_PATH=/hostile LD_AUDIT=/hostile/evil.so GLIBC_TUNABLES=glibc.malloc.check=3',
  'ENV OPENSSL_CONF=/hostile/openssl.cnf SSL_CERT_FILE=/hostile/none.pem SSL_CERT_DIR=/hostile',
  'ENV GREETING=hello',
  'VOLUME /hostile/data',
  'EXPOSE 80',
  'HEALTHCHECK --interval=1s CMD touch /hostile/data/healthcheck',
];

const here = dirname(fileURLToPath(import.meta.url));
const socket = process.argv[2];
if (!socket) {
  console.error('usage: node scripts/images/build.mjs DOCKER_SOCKET|--fetch');
  process.exit(64);
}
const cache = testCache();
mkdirSync(cache, { recursive: true });
const work = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'berth-images-'));

try {
  if (socket === '--fetch') fetchAll();
  else makeAll();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** All that comes from elsewhere, for a machine that has no way out. */
function fetchAll() {
  debianArchive();
  muslArchive();
  kernelArchive();
}

function makeAll() {
  ensure('debian', () => ({ archive: debianArchive(), changes: [PATH] }));
  ensure('hostile', () => ({ archive: debianArchive(), changes: HOSTILE }));
  ensure('musl', () => ({
    archive: muslArchive(),
    changes: ['ENV PATH=/bin'],
  }));
  ensure('empty', () => ({ archive: pack(undefined, join(work, 'empty.tar')) }));
  ensureKernel('python', 'batch query uid-match user-input');
  ensureKernel('git', 'query tty uid-match');
}

/** Imports a kernel image of 2018 unless it is there. */
function ensureKernel(language, features) {
  ensureImage(`lablup/kernel-${language}:berth-test`, () => ({
    archive: kernelArchive(),
    changes: kernelImageChanges(language, features),
  }));
}

function kernelArchive() {
  return kernelRunnerArchive({ recipes: here, work, cache, debian: debianArchive() });
}

/** Imports `berth-test/NAME` unless it is there. */
function ensure(name, recipe) {
  ensureImage(`berth-test/${name}:${TAG}`, recipe);
}

function ensureImage(image, recipe) {
  if (docker(['image', 'inspect', image], { mayFail: true })) return console.log(`${image} is there`);
  const started = Date.now();
  const { archive, changes = [] } = recipe();
  docker(['import', ...changes.flatMap((change) => ['-c', change]), archive, image]);
  console.log(`${image} made in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Debian with python3 and bash; the hostile image is the same with another configuration. */
function debianArchive() {
  const archive = join(cache, `debian-${DEBIAN}-${TAG}.tar`);
  if (existsSync(archive)) return archive;
  const root = join(work, 'debian');
  run('debootstrap', ['--variant=minbase', '--include=python3', DEBIAN, root]);
  mkdirSync(join(root, 'hostile', 'data'), { recursive: true, mode: 0o777 });
  const left = ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale', 'usr/share/man', 'dev/*'];
  pack(root, `${archive}.part`, left);
  renameSync(`${archive}.part`, archive);
  return archive;
}

function muslArchive() {
  const archive = join(cache, `musl-${TAG}-${process.arch}.tar`);
  if (existsSync(archive)) return archive;
  pack(makeMuslRoot(here, join(work, 'musl')), `${archive}.part`);
  renameSync(`${archive}.part`, archive);
  return archive;
}

/** A tar archive of `root`, or an empty one. */
function pack(root, archive, left = []) {
  const what = root ? ['-C', root, '.'] : ['-T', '/dev/null'];
  run('tar', ['--numeric-owner', ...left.map((path) => `--exclude=./${path}`), '-cf', archive, ...what]);
  return archive;
}

function docker(args, options) {
  return run('docker', ['-H', `unix://${socket}`, ...args], options);
}
