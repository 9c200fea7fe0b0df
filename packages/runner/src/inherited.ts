/** What whoever started the runner forgot to keep to itself. */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const CLOSED_ON_EXEC = 0o2_000_000;

/**
 * Closes inherited descriptors but the standard ones: programs would inherit them in turn. What Node opens is marked as closed on exec, and
 * what it inherits too, but only up to the first gap above 15.
 */
export function closeInherited(): void {
  for (const number of readdirSync('/proc/self/fd').map(Number)) {
    if (number > 2 && isInherited(number)) closeSync(number);
  }
}

function isInherited(number: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'latin1'))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & CLOSED_ON_EXEC) === 0;
  } catch {
    // The one by which they were listed.
    return false;
  }
}
