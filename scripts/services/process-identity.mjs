// A process as one that no later process can be mistaken for: numbers are used again, number and start time are not.
import { readFileSync } from 'node:fs';

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Ticks since boot at which the process started, or undefined when there is none (a zombie counts as none). */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold spaces and brackets of its own: fields are counted after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

export const identityOf = (pid) => ({ pid, start: startOf(pid), boot: bootId() });

export const isAlive = ({ pid, start, boot }) => start !== undefined && boot === bootId() && startOf(pid) === start;
