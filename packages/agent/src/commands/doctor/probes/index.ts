/** All probes, in the order in which they run: first the one without which no other can. */
import { cpu } from './cpu.js';
import { quota, temporary } from './disk.js';
import { hidden } from './hidden.js';
import { memory } from './memory.js';
import { network } from './network.js';
import { output } from './output.js';
import { pids } from './pids.js';
import { privileges } from './privileges.js';
import type { Probe } from './probe.js';
import { readOnly } from './read-only.js';
import { runner } from './runner.js';
import { start } from './start.js';
import { time } from './time.js';

export type { Probe } from './probe.js';

export const PROBES: readonly Probe[] = [
  start,
  memory,
  pids,
  cpu,
  time,
  quota,
  temporary,
  network,
  hidden,
  runner,
  privileges,
  readOnly,
  output,
];
