/** What of this machine the image `host` shows, and what it never shows. */
import { constants } from 'node:fs';
import { access, lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from '../ports/driver.js';

/** One thing in the image itself. */
export type HostEntry =
  | { readonly path: string; readonly kind: 'directory'; readonly mode: number }
  | { readonly path: string; readonly kind: 'link'; readonly target: string }
  | { readonly path: string; readonly kind: 'file'; readonly content: string | Buffer };

export interface HostLayout {
  /** In an order in which they can be unpacked. */
  readonly entries: readonly HostEntry[];
  readonly mounts: readonly Mount[];
}

/** Directories of programs and libraries. Where a distribution merged them into /usr they are links. */
const PROGRAMS = ['usr', 'bin', 'lib', 'lib32', 'lib64', 'libx32'];

/** What programs need of /etc and no secret: an allow-list, taken if it exists. Directories are mounted, small files copied. */
export const FROM_ETC: readonly string[] = [
  'alternatives',
  'ca-certificates',
  'crypto-policies',
  'debian_version',
  'fonts',
  'gai.conf',
  'host.conf',
  'ld-musl-aarch64.path',
  'ld-musl-x86_64.path',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'locale.alias',
  'locale.conf',
  'magic',
  'mime.types',
  'os-release',
  'pki/ca-trust',
  'pki/tls/certs',
  'protocols',
  'python3',
  'redhat-release',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
  'timezone',
];

const DIRECTORIES: readonly (readonly [string, number])[] = [
  ['berth', 0o700],
  ['dev', 0o755],
  ['etc', 0o755],
  ['home', 0o755],
  ['home/work', 0o755],
  ['opt', 0o755],
  ['opt/berth', 0o755],
  ['proc', 0o755],
  ['root', 0o700],
  ['run', 0o755],
  ['sys', 0o755],
  ['tmp', 0o1777],
  ['var', 0o755],
  ['var/tmp', 0o1777],
];

/** Files that are larger are mounted, so that the image stays tiny. */
const COPY_LIMIT = 256 * 1024;

export interface HostLayoutOptions {
  /** Where the machine's files are; default `/`. */
  readonly root?: string;
  /** The engine puts an init of its own into /sbin, which must be writable for it. Default true. */
  readonly initInSbin?: boolean;
}

/** Reads the machine's layout. `uid` is the user whom programs will run as when the agent is not root. */
export async function readHostLayout(
  uid: number,
  { root = '/', initInSbin = true }: HostLayoutOptions = {},
): Promise<HostLayout> {
  const entries: HostEntry[] = DIRECTORIES.map(([path, mode]) => ({ path, kind: 'directory', mode }));
  const mounts: Mount[] = [];
  entries.push(...accounts(uid));
  if (initInSbin) {
    const sbin = await showSbin(root);
    entries.push(...sbin.entries);
    mounts.push(...sbin.mounts);
  }
  const programs = initInSbin ? PROGRAMS : [...PROGRAMS, 'sbin'];
  const wanted = [...programs, ...FROM_ETC.map((name) => `etc/${name}`)];
  const shown = await Promise.all(wanted.map((path) => show(root, path)));
  for (const one of shown.flat()) {
    if ('kind' in one) entries.push(...parentsOf(one.path, entries), one);
    else mounts.push(one);
  }
  return { entries, mounts };
}

async function show(root: string, path: string): Promise<(HostEntry | Mount)[]> {
  const source = join(root, path);
  const stat = await lstat(source).catch(() => undefined);
  if (!stat) return [];
  if (stat.isSymbolicLink()) return [{ path, kind: 'link', target: await readlink(source) }];
  const readable = await access(source, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!readable) return [];
  if (stat.isFile() && stat.size <= COPY_LIMIT) return [{ path, kind: 'file', content: await readFile(source) }];
  const mount: Mount = { source, target: `/${path}`, readOnly: true };
  return stat.isDirectory() ? [{ path, kind: 'directory', mode: 0o755 }, mount] : stat.isFile() ? [mount] : [];
}

/** Where a /sbin that is a directory of its own is seen. */
const SBIN_ASIDE = '.host-sbin';

/**
 * /sbin is a directory of links to the machine's own: Docker puts its init there, so that nothing may be mounted over it, and it
 * must be writable for Docker.
 */
async function showSbin(root: string): Promise<HostLayout> {
  const source = join(root, 'sbin');
  const stat = await lstat(source).catch(() => undefined);
  if (!stat) return { entries: [{ path: 'sbin', kind: 'directory', mode: 0o755 }], mounts: [] };
  const own = stat.isDirectory();
  const at = own ? `/${SBIN_ASIDE}` : join('/', await readlink(source));
  const names = (await readdir(source)).sort().filter((name) => name !== 'docker-init');
  const directories = ['sbin', ...(own ? [SBIN_ASIDE] : [])];
  return {
    entries: [
      ...directories.map((path): HostEntry => ({ path, kind: 'directory', mode: 0o755 })),
      ...names.map((name): HostEntry => ({ path: `sbin/${name}`, kind: 'link', target: join(at, name) })),
    ],
    mounts: own ? [{ source, target: at, readOnly: true }] : [],
  };
}

/** Directories above `path` that are not there yet. */
function parentsOf(path: string, entries: readonly HostEntry[]): HostEntry[] {
  const names = path.split('/').slice(0, -1);
  const parents = names.map((_, index) => names.slice(0, index + 1).join('/'));
  const missing = parents.filter((parent) => !entries.some((entry) => entry.path === parent));
  return missing.map((parent) => ({ path: parent, kind: 'directory', mode: 0o755 }));
}

/** Accounts are made up: those of the machine are nobody's business. */
function accounts(uid: number): HostEntry[] {
  const work = uid === 0 ? [] : [`work:x:${uid}:${uid}::/home/work:/bin/sh`];
  const users = ['root:x:0:0:root:/root:/bin/sh', ...work, 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin'];
  const groups = ['root:x:0:', ...(uid === 0 ? [] : [`work:x:${uid}:`]), 'nogroup:x:65534:'];
  return [
    { path: 'etc/passwd', kind: 'file', content: `${users.join('\n')}\n` },
    { path: 'etc/group', kind: 'file', content: `${groups.join('\n')}\n` },
    { path: 'etc/nsswitch.conf', kind: 'file', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
    { path: 'etc/hosts', kind: 'file', content: '127.0.0.1 localhost\n::1 localhost\n' },
  ];
}
