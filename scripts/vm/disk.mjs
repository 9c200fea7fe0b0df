// The disk of a machine: made once by debootstrap, kept in the test cache, never written to again.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../images/run.mjs';
import { testCache } from '../test-cache.mjs';
import { RELEASES } from './releases.mjs';

const GUEST = fileURLToPath(new URL('guest/', import.meta.url));
/** What is put into the disk; the tests' list comes with the checkout. */
const UNIT = 'berth-test.service';
const START = 'start';
const DISK_BYTES = 12 * 2 ** 30;

/** Paths of the disk, of the Linux kernel and of its first file system. */
export function guestDisk(debian, { work, say }) {
  const recipe = [debian, ...RELEASES[debian].packages, ...[UNIT, START].map((name) => readFileSync(join(GUEST, name)))];
  const hash = createHash('sha256').update(recipe.join('\n')).digest('hex').slice(0, 12);
  const directory = join(testCache(), `vm-${debian}-${hash}`);
  const files = { image: join(directory, 'disk.img'), kernel: join(directory, 'vmlinuz'), initrd: join(directory, 'initrd') };
  if (existsSync(directory)) return files;
  say(`making a Debian ${debian}; this takes a few minutes, once`);
  const root = join(work, 'root');
  const making = `${directory}.part`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  try {
    run('debootstrap', ['--variant=minbase', debian, root]);
    install(root, RELEASES[debian].packages);
    furnish(root);
    const boot = readdirSync(join(root, 'boot'));
    for (const [begin, name] of [
      ['vmlinuz-', 'vmlinuz'],
      ['initrd.img-', 'initrd'],
    ])
      cpSync(
        join(
          root,
          'boot',
          boot.find((file) => file.startsWith(begin)),
        ),
        join(making, name),
      );
    const image = join(making, 'disk.img');
    writeFileSync(image, '');
    truncateSync(image, DISK_BYTES);
    run('mkfs.ext4', ['-q', '-F', '-L', 'root', '-d', root, image]);
    renameSync(making, directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true });
  }
  return files;
}

/** apt finds dependencies that debootstrap does not; nothing may start meanwhile. */
function install(root, packages) {
  const policy = join(root, 'usr/sbin/policy-rc.d');
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const inside = ['chroot', root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
  const apt = (...args) => run(inside[0], [...inside.slice(1), ...args]);
  apt('update');
  apt('install', '--yes', '--no-install-recommends', ...packages);
  apt('clean');
  rmSync(policy);
}

/** What makes of a Debian one that runs a command and goes. */
function furnish(root) {
  const at = (path) => join(root, path);
  writeFileSync(at('etc/fstab'), 'LABEL=root / ext4 defaults 0 1\n');
  writeFileSync(at('etc/hostname'), 'guest\n');
  writeFileSync(at('etc/hosts'), '127.0.0.1 localhost guest\n::1 localhost\n');
  cpSync(join(GUEST, UNIT), at(`etc/systemd/system/${UNIT}`));
  mkdirSync(at('usr/local/lib/berth-vm'), { recursive: true });
  cpSync(join(GUEST, START), at(`usr/local/lib/berth-vm/${START}`));
  mkdirSync(at('etc/systemd/system/multi-user.target.wants'), { recursive: true });
  symlinkSync(`/etc/systemd/system/${UNIT}`, at(`etc/systemd/system/multi-user.target.wants/${UNIT}`));
  // Docker is started once its configuration is there.
  for (const name of ['docker.service', 'docker.socket', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_reap.service'])
    for (const wants of ['multi-user', 'sockets', 'timers'])
      rmSync(at(`etc/systemd/system/${wants}.target.wants/${name}`), { force: true });
}
