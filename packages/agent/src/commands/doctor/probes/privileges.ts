/** Code of a session has no privilege, and gains none by a set-uid program. */
import { green, red, type Finding } from '../finding.js';
import { reporting, type Probe } from './probe.js';

const CODE = `
const status = Object.fromEntries(require('node:fs').readFileSync('/proc/self/status', 'utf8').split('\\n').map((line) => line.split(':\\t')));
const uid = process.getuid();
let becameRoot = false;
try { process.setuid(0); becameRoot = true; } catch {}
console.log(JSON.stringify({
  uid, becameRoot, noNewPrivileges: status.NoNewPrivs.trim() === '1',
  capabilities: ['CapPrm', 'CapEff', 'CapAmb'].filter((name) => !/^0*$/.test(status[name].trim())),
}));
`;

export interface PrivilegeReport {
  readonly uid: number;
  readonly becameRoot: boolean;
  /** The kernel's own word that set-uid and file capabilities do nothing. */
  readonly noNewPrivileges: boolean;
  /** Sets that are not empty. */
  readonly capabilities: readonly string[];
}

export function judgePrivileges({ uid, becameRoot, noNewPrivileges, capabilities }: PrivilegeReport): Finding {
  const faults = [
    ...(uid === 0 ? ['it runs as root'] : becameRoot ? ['it can become root'] : []),
    ...(noNewPrivileges ? [] : ['set-uid programs work']),
    ...(capabilities.length > 0 ? [`it has capabilities (${capabilities.join(', ')})`] : []),
  ];
  if (faults.length > 0)
    return red(`code in a session: ${faults.join('; ')}`, 'This is a defect in Berth or in the driver; please report it.');
  return green(`user ${uid}, no capability, and set-uid programs do nothing`);
}

export const privileges: Probe = {
  id: 'privileges',
  title: 'no privilege, and none to gain',
  missing: /^Privileges /,
  run: reporting(CODE, judgePrivileges),
};
