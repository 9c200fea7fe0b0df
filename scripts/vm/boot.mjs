// One machine from its start to its end: the output of the command comes through one channel, what it left and its exit code through another.
import { spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { run } from '../images/run.mjs';
import { lastLine } from '../services/text.mjs';

const POLL_MS = 100;
/** For the start and the end of the machine; without KVM ten times as long. */
const AROUND_MS = 120_000;
/** A second Ctrl-C is not needed: an emulator that is told to end, ends. */
const END_MS = 5_000;

/** With KVM Linux says its first word within a second or two. */
const FIRST_WORD_MS = 20_000;

/**
 * Resolves with the exit code of the command; 124 when its time was over. Rejects when the machine did not come up. A /dev/kvm that
 * only seems to work, as within some virtual machines, is done without.
 */
export async function boot(options) {
  const { say } = options;
  if (hasKvm()) {
    const code = await bootOnce({ ...options, fast: true });
    if (code !== undefined) return code;
    say('/dev/kvm does not run a machine here');
  }
  say('without KVM: this takes ten times as long');
  return bootOnce({ ...options, fast: false });
}

/** Undefined when Linux did not begin under KVM. */
async function bootOnce({ disk, carried, work, command, cgroupDriver, minutes, out, stop, fast }) {
  const [output, result, console_, left] = ['output', 'result', 'console', 'left.tar'].map((name) => join(work, name));
  for (const file of [output, result, left]) writeFileSync(file, '');
  const order = join(work, 'order');
  // Read as a disk, so of one sector at least.
  writeFileSync(order, `${JSON.stringify({ command, cgroupDriver, minutes })}\n`.padEnd(64 * 1024, '\0'));
  const log = openSync(console_, 'w');
  const qemu = spawn('qemu-system-x86_64', argumentsOf({ disk, carried, order, output, result, left, fast }), {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended = false;
  qemu.on('error', () => (ended = true)).on('exit', () => (ended = true));
  const begun = () => /Linux version/.test(readFileSync(console_, 'latin1'));
  if (fast && !(await within(FIRST_WORD_MS, () => ended || stop.aborted || begun(), begun))) {
    if (!stop.aborted) {
      await end(qemu);
      return undefined;
    }
  }
  const limit = Date.now() + minutes * 60_000 + AROUND_MS * (fast ? 1 : 10);
  const shown = new Shown(output);
  try {
    // The result is written last: the machine need not be seen to its end, since nothing of it is kept.
    while (!ended && !stop.aborted && Date.now() < limit && statSync(result).size === 0) {
      await shown.more();
      await delay(POLL_MS);
    }
    await shown.more();
    const code = readFileSync(result, 'utf8').trim();
    if (code === '' && Date.now() >= limit) return 124;
    if (code === '' && !stop.aborted)
      throw new Error(`the machine ended without a word: ${lastLine(readFileSync(console_, 'utf8')) ?? ''}`);
    if (out !== undefined && statSync(left).size > 0) {
      mkdirSync(out, { recursive: true });
      run('tar', ['--no-same-owner', '-xf', left, '-C', out]);
    }
    return Number(code);
  } finally {
    await end(qemu);
  }
}

/** What `answer` says once `over` holds, or after `ms`. */
async function within(ms, over, answer) {
  for (const limit = Date.now() + ms; !over() && Date.now() < limit;) await delay(POLL_MS);
  return answer();
}

async function end(qemu) {
  const isOver = () => qemu.pid === undefined || qemu.exitCode !== null || qemu.signalCode !== null;
  if (isOver()) return;
  qemu.kill('SIGTERM');
  if (!(await within(END_MS, isOver, isOver))) qemu.kill('SIGKILL');
}

function hasKvm() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function argumentsOf({ disk, carried, order, output, result, left, fast }) {
  const drive = (file, more) => ['-drive', `file=${file},format=raw,if=virtio,${more}`];
  const port = (name, file) => [
    ...['-chardev', `file,id=${name},path=${file}`],
    ...['-device', `virtserialport,chardev=${name},name=${name}`],
  ];
  return [
    ...(fast ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg', '-cpu', 'max']),
    ...['-smp', '2', '-m', '6144', '-nographic', '-no-reboot', '-nodefaults', '-serial', 'stdio'],
    ...['-kernel', disk.kernel, '-initrd', disk.initrd],
    ...['-append', 'root=/dev/vda rw console=ttyS0 systemd.show_status=false'],
    ...drive(disk.image, 'snapshot=on'),
    ...drive(carried, 'readonly=on'),
    ...drive(order, 'readonly=on'),
    ...['-device', 'virtio-serial'],
    ...port('output', output),
    ...port('result', result),
    ...port('left', left),
    // No network but its own loopback.
    ...['-nic', 'none'],
    ...['-device', 'virtio-rng-pci'],
  ];
}

/** Passes on what a file has grown by. */
class Shown {
  #path;
  #at = 0;

  constructor(path) {
    this.#path = path;
  }

  async more() {
    const { size } = statSync(this.#path);
    if (size <= this.#at) return;
    const piece = createReadStream(this.#path, { start: this.#at, end: size - 1 });
    this.#at = size;
    for await (const chunk of piece) process.stdout.write(chunk);
  }
}
