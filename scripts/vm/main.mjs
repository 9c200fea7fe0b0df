// Runs a command in a Debian of its own, which systemd has started on cgroup v2, with this checkout as it is built. The machine lives in memory and in
// a temporary directory: what the command changes there is gone with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signalExit, stopSignal } from '../run-command.mjs';
import { installMissing, requirePrograms } from '../services/packages.mjs';
import { boot } from './boot.mjs';
import { packCarried } from './carried.mjs';
import { guestDisk } from './disk.mjs';
import { RELEASES } from './releases.mjs';

const USAGE = `usage: scripts/test-vm run [OPTIONS] [-- COMMAND [ARGUMENT...]]

Boots a Debian with systemd, cgroup v2 and Docker under qemu and runs COMMAND in a copy of this checkout there, as root, with BERTH_TEST_DOCKER_SOCKET set.
Without COMMAND: the tests whose outcome depends on cgroups, drivers and the Linux kernel. Its output and exit code are this program's.

  --debian NAME          ${Object.keys(RELEASES).join(' or ')} (default bookworm)
  --cgroup-driver NAME   of the Docker there: systemd (default) or cgroupfs
  --node FILE            the Node there (default: the one that runs this program)
  --out DIRECTORY        where files that COMMAND leaves in $BERTH_VM_OUT go
  --minutes N            longest time for the command (default 30)

Needs root and, for speed, a /dev/kvm that works: without it the same takes ten times as long. The first run makes the disk (a few minutes), which is kept in the test cache.

  scripts/test-vm run
  scripts/test-vm run --cgroup-driver cgroupfs -- npx vitest run --project unit packages/agent/testing/docker-driver.test.ts
  scripts/test-vm run -- sh -c 'cat /proc/self/cgroup; npx berth doctor'`;

/** What tells a machine with cgroup v2 from another one. */
const DEFAULT_COMMAND = ['scripts/vm/guest/tests'];

const NEEDS = [
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { program: 'debootstrap', package: 'debootstrap' },
  { program: 'mkfs.ext4', package: 'e2fsprogs' },
];

const say = (line) => process.stderr.write(`test-vm: ${line}\n`);

/** Answers the exit code: the command's own; 64 for a wrong call, 69 when there can be no machine, 124 when time was over. */
export async function main(args) {
  const asked = parse(args);
  if (typeof asked === 'string') {
    say(asked);
    process.stderr.write(`${USAGE}\n`);
    return 64;
  }
  if (asked.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const work = mkdtempSync(join(tmpdir(), 'berth-vm-'));
  const stop = stopSignal();
  try {
    if (process.getuid() !== 0) throw new Error('making the disk of the machine needs root');
    await installMissing(NEEDS, say);
    requirePrograms(NEEDS);
    const disk = guestDisk(asked.debian, { work, say });
    const carried = packCarried({ work, node: asked.node });
    const code = await boot({ ...asked, disk, carried, work, say, stop });
    return stop.aborted ? signalExit(stop.reason) : code;
  } catch (error) {
    say(error.message);
    return 69;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What is asked for, or what is wrong with it. */
function parse(args) {
  const cut = args.includes('--') ? args.indexOf('--') : args.length;
  const command = args.slice(cut + 1);
  let parsed;
  try {
    parsed = parseArgs({
      args: args.slice(0, cut),
      allowPositionals: true,
      options: {
        debian: { type: 'string', default: 'bookworm' },
        'cgroup-driver': { type: 'string', default: 'systemd' },
        node: { type: 'string', default: process.execPath },
        out: { type: 'string' },
        minutes: { type: 'string', default: '30' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return error.message;
  }
  const { positionals, values } = parsed;
  const { debian, 'cgroup-driver': cgroupDriver, node, out, help } = values;
  const minutes = Number(values.minutes);
  if (help) return { help };
  if (positionals.join(' ') !== 'run') return `${JSON.stringify(positionals.join(' '))} is not \`run\``;
  if (!Object.hasOwn(RELEASES, debian)) return `--debian is ${debian}: it must be ${Object.keys(RELEASES).join(' or ')}`;
  if (!['systemd', 'cgroupfs'].includes(cgroupDriver))
    return `--cgroup-driver is ${cgroupDriver}: it must be systemd or cgroupfs`;
  if (!(minutes > 0 && minutes <= 600)) return `--minutes is ${values.minutes}: it must be a number from 1 to 600`;
  return { debian, cgroupDriver, node, out, minutes, command: command.length > 0 ? command : DEFAULT_COMMAND };
}
