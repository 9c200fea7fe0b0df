/** What a process has used of its cores so far, from the kernel's own books. */
import { readFile } from 'node:fs/promises';

/** Linux counts in these for every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of user and system time of all its threads; ended children are not counted. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
