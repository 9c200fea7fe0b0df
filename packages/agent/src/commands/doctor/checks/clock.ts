/** The clock, as far as this machine alone can tell. */
import { sleep, systemClock } from '@berth/base';
import type { DoctorContext } from '../context.js';
import { check, green, red, yellow } from '../finding.js';
import { runProgram } from '../look.js';

export interface ClockFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How far wall and steady clock went while both were watched, in milliseconds. */
  readonly wallMs: number;
  readonly steadyMs: number;
  /** `yes` or `no` of timedatectl; undefined where nobody can say. */
  readonly synchronised: string | undefined;
}

const WATCH_MS = 50;
/** A clock that is slewed runs by at most half a thousandth wrong; a jump is more. */
const JUMP_MS = 100;
const YEARS = { first: 2026, last: 2100 };

export const clock = check(
  { id: 'machine.clock', group: 'machine', title: 'clock' },
  async (_context: DoctorContext): Promise<ClockFacts> => {
    const before = { wall: systemClock.now(), steady: systemClock.monotonic() };
    await sleep(WATCH_MS);
    const now = systemClock.now();
    const ran = await runProgram('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
    return {
      now,
      wallMs: now - before.wall,
      steadyMs: systemClock.monotonic() - before.steady,
      synchronised: ran?.exitCode === 0 ? ran.stdout.trim() : undefined,
    };
  },
  ({ now, wallMs, steadyMs, synchronised }) => {
    const date = new Date(now);
    const year = date.getUTCFullYear();
    const fix = 'Set it by a time service: `timedatectl set-ntp true`.';
    if (year < YEARS.first || year > YEARS.last) return red(`it says ${date.toISOString()}`, fix);
    if (steadyMs <= 0)
      return red('the steady clock stands still', 'Restart the machine; look at /sys/devices/system/clocksource.');
    if (Math.abs(wallMs - steadyMs) > JUMP_MS)
      return yellow(
        `it jumped by ${Math.round(wallMs - steadyMs)} ms while it was watched`,
        'Let one service alone set the clock.',
      );
    if (synchronised === 'no') return yellow(`${date.toISOString()}, set by no time service`, fix);
    const by = synchronised === 'yes' ? 'set by a time service' : 'whether it is right cannot be told here';
    return green(`${date.toISOString()}, ${by}`);
  },
);
