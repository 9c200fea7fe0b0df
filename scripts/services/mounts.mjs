import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const unescape = (path) => path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));

/** Mount points of this machine below a directory, the deepest and latest first. */
function mountsBelow(directory) {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => unescape(line.split(' ')[4]));
  return points.filter((point) => point.startsWith(`${directory}/`)).reverse();
}

/** Unmounts everything below a directory; what is busy is detached, and goes when its last user does. */
export async function unmountBelow(directory) {
  for (const point of mountsBelow(directory)) await promisify(execFile)('umount', ['--lazy', point]);
}
