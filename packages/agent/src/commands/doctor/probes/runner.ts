/** Code of a session cannot reach the supervisor beside it: not its socket, its memory, nor by signals. */
import { IN_KERNEL } from '@berth/wire';
import { green, red, type Finding } from '../finding.js';
import { reporting, type Probe } from './probe.js';

/** Signal 0 asks for the same permission as every other, and does no harm. An empty directory may stand before the real one. */
const CODE = `
const fs = require('node:fs');
const { connect } = require('node:net');
const supervisors = fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).filter((pid) => {
  try {
    return Number(pid) !== process.pid && fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0').some((word) => word.endsWith('/runner.mjs'));
  } catch { return false; }
});
const reached = [];
const attempt = (what, fn) => { try { fn(); reached.push(what); } catch {} };
const list = (path) => { if (fs.readdirSync(path).length === 0) throw new Error('empty'); };
attempt('its directory', () => list('${IN_KERNEL.private}'));
attempt('its output', () => list('${IN_KERNEL.run}'));
attempt('its program', () => fs.closeSync(fs.openSync('${IN_KERNEL.carry}/runner.mjs', 'r+')));
for (const pid of supervisors) {
  attempt('its memory', () => fs.closeSync(fs.openSync('/proc/' + pid + '/mem', 'r')));
  attempt('its environment', () => fs.readFileSync('/proc/' + pid + '/environ'));
  attempt('its descriptors', () => fs.readdirSync('/proc/' + pid + '/fd'));
  attempt('it by signals', () => process.kill(Number(pid), 0));
}
const socket = connect('${IN_KERNEL.socket}');
const end = () => { socket.destroy(); console.log(JSON.stringify({ reached })); };
socket.on('connect', () => { reached.push('its socket'); end(); }).on('error', end);
`;

export interface RunnerReport {
  readonly reached: readonly string[];
}

export const judgeRunner = ({ reached }: RunnerReport): Finding =>
  reached.length > 0
    ? red(
        `code in a session reaches the supervisor: ${[...new Set(reached)].join(', ')}`,
        'This is a defect in Berth or in the driver; please report it.',
      )
    : green('its socket, files, memory and process were out of reach');

export const runner: Probe = {
  id: 'runner',
  title: 'the supervisor cannot be reached',
  missing: /^The supervisor /,
  run: reporting(CODE, judgeRunner),
};
