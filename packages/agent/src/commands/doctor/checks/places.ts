/** Where the node keeps things: room, inodes, and how fast a journal gets onto the disk. */
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@berth/base';
import type { DoctorContext } from '../context.js';
import { check, green, red, worst, yellow, type CheckEntry, type Finding } from '../finding.js';
import { inUnits, nearest } from '../look.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `node.${id}`, group: 'node', title });

export interface RoomFacts {
  readonly path: string;
  readonly bytes: { readonly free: number; readonly all: number };
  /** `all` is 0 where the file system has no fixed number of them. */
  readonly inodes: { readonly free: number; readonly all: number };
}

const MIB = 1024 * 1024;
const ROOM = { good: 1024 * MIB, least: 128 * MIB };
const INODES = { good: 10_000, least: 1_000 };
const GOOD_SHARE = 0.05;

export function judgeRoom({ path, bytes, inodes }: RoomFacts): Finding {
  const fix = `Free space on the file system of ${path}, or put it elsewhere.`;
  const findings: Finding[] = [];
  const says = `${inUnits(bytes.free)} of ${inUnits(bytes.all)} free at ${path}`;
  if (bytes.free < ROOM.least) findings.push(red(says, fix));
  else if (bytes.free < ROOM.good || bytes.free < bytes.all * GOOD_SHARE) findings.push(yellow(says, fix));
  else findings.push(green(says));
  if (inodes.all > 0) {
    const told = `${inodes.free} of ${inodes.all} inodes`;
    if (inodes.free < INODES.least) findings.push(red(told, fix));
    else if (inodes.free < INODES.good || inodes.free < inodes.all * GOOD_SHARE) findings.push(yellow(told, fix));
    else findings.push(green(told));
  }
  return worst(findings);
}

async function room(wanted: string): Promise<RoomFacts> {
  const path = await nearest(wanted);
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return { path, bytes: { free: bavail * bsize, all: blocks * bsize }, inodes: { free: ffree, all: files } };
}

export const data = check(
  entry('data', 'room for journals and the carry'),
  ({ settings }: DoctorContext) => room(settings.dataDir),
  judgeRoom,
);

export const scratch = check(
  entry('scratch', 'room for files of sessions'),
  ({ settings }: DoctorContext) => room(settings.scratchRoot),
  judgeRoom,
);

export const dockerRoot = {
  ...check(
    { id: 'docker.room', group: 'docker', title: 'room for images' },
    async (context: DoctorContext): Promise<RoomFacts | undefined> => {
      const { rootDirectory } = await context.engine();
      // An ordinary user may not look in; the file system above it is another one then at worst.
      return rootDirectory === '' ? undefined : room(rootDirectory);
    },
    (facts) => (facts ? judgeRoom(facts) : green('Docker does not say where it keeps them')),
  ),
  needs: 'docker' as const,
};

export interface SyncFacts {
  readonly path: string;
  /** Milliseconds of each write that was forced to the disk, or why none could be made. */
  readonly times: readonly number[] | string;
}

const ROUNDS = 9;
/** Each creation waits for four of them. */
const GOOD_SYNC_MS = 20;

export const sync = check(
  entry('journal', 'time until a journal entry is on the disk'),
  async ({ settings }: DoctorContext): Promise<SyncFacts> => {
    const path = await nearest(settings.dataDir);
    return { path, times: await syncTimes(path).catch((error: Error) => error.message) };
  },
  ({ path, times }) => {
    if (typeof times === 'string')
      return red(`${path} cannot be written: ${times}`, 'Give it to the user of the node, or set BERTH_DATA_DIR (--state-dir).');
    const middle = [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
    const says = `${middle < 1 ? middle.toFixed(1) : Math.round(middle)} ms in ${path}`;
    return middle > GOOD_SYNC_MS
      ? yellow(
          `${says}: each session takes four of these to begin`,
          'Put the data directory on a faster disk, not on a network file system.',
        )
      : green(says);
  },
);

async function syncTimes(path: string): Promise<number[]> {
  const directory = await mkdtemp(join(path, '.berth-doctor-'));
  try {
    const file = await open(join(directory, 'journal'), 'a', 0o600);
    try {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const began = systemClock.monotonic();
        await file.write(`${'x'.repeat(200)}\n`);
        await file.datasync();
        times.push(systemClock.monotonic() - began);
      }
      return times;
    } finally {
      await file.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
