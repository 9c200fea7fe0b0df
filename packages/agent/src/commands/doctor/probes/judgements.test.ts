/** What the probes make of what their programs report; that they notice on a real engine is in test/e2e/doctor.test.ts. */
import { describe, expect, it } from 'vitest';
import type { FinishReason } from '@berth/wire';
import type { Finding, State } from '../finding.js';
import { judgeCpu } from './cpu.js';
import { judgeQuota, judgeTemporary } from './disk.js';
import { judgeHidden } from './hidden.js';
import { judgeMemory } from './memory.js';
import { judgeNetwork } from './network.js';
import { judgeOutput } from './output.js';
import { judgePids } from './pids.js';
import { judgePrivileges } from './privileges.js';
import { judgeMounts } from './read-only.js';
import { judgeRunner } from './runner.js';
import { judgeStart } from './start.js';
import { judgeTime } from './time.js';

const MIB = 1024 * 1024;
const ended = (reason: FinishReason, stdout = '') => ({
  stdout,
  finished: { exitCode: 0, signal: null, reason, detail: '', stateLost: false, wallMs: 1050 },
});
const telling = (report: object) => ended('exited', `${JSON.stringify(report)}\n`);
const nothing = { sockets: [], homes: [], secrets: [], own: [] };
const plain = { uid: 1000, becameRoot: false, noNewPrivileges: true, capabilities: [] };
const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join('');
const mounted = (target: string, type: string) => judgeMounts({ writable: [{ target, type }] });

const TABLE: readonly (readonly [what: string, state: State, finding: Finding])[] = [
  ['a start', 'green', judgeStart('42\n', 300)],
  ['a slow start', 'yellow', judgeStart('42\n', 9000)],
  ['a start that says something else', 'red', judgeStart('', 300)],
  ['an end by memory', 'green', judgeMemory(ended('oom'))],
  ['a life past the memory', 'red', judgeMemory(ended('exited', 'survived 16'))],
  ['an end by memory that is not told', 'yellow', judgeMemory(ended('signal'))],
  ['a refused process', 'green', judgePids(telling({ refused: 30, made: 30 }))],
  ['a run that was ended for its processes', 'green', judgePids(ended('pids-limit'))],
  ['processes without end', 'red', judgePids(telling({ refused: null, made: 80 }))],
  ['no process at all', 'red', judgePids(telling({ refused: 0, made: 0 }))],
  ['a program that tells nothing', 'red', judgePids(ended('exited', 'what'))],
  ['CPU time as allowed', 'green', judgeCpu({ wallMs: 1000, cpuMs: 105, held: 9 })],
  ['CPU time above it', 'red', judgeCpu({ wallMs: 1000, cpuMs: 900, held: 9 })],
  ['CPU time of a busy machine', 'yellow', judgeCpu({ wallMs: 1000, cpuMs: 60, held: 0 })],
  ['CPU time of a busy machine without a limit', 'red', judgeCpu({ wallMs: 1000, cpuMs: 150, held: 0 })],
  ['CPU time where holding back is not told', 'green', judgeCpu({ wallMs: 1000, cpuMs: 105, held: null })],
  ['CPU time that is no number', 'red', judgeCpu({ wallMs: 0, cpuMs: 0, held: 9 })],
  ['an end by time', 'green', judgeTime({ reason: 'time-limit', wallMs: 1100 }, true)],
  ['an end by time of the whole session', 'red', judgeTime({ reason: 'time-limit', wallMs: 1100 }, false)],
  ['a life past the time', 'red', judgeTime({ reason: 'exited', wallMs: 4000 }, true)],
  ['an end by time that is not told', 'yellow', judgeTime({ reason: 'killed', wallMs: 1100 }, true)],
  ['a full /tmp', 'green', judgeTemporary({ bytes: 160 * MIB, code: 'ENOSPC' })],
  ['an endless /tmp', 'red', judgeTemporary({ bytes: 176 * MIB, code: null })],
  ['a closed /tmp', 'red', judgeTemporary({ bytes: 0, code: 'EACCES' })],
  ['the disk of the machine', 'yellow', judgeQuota(100, 100, '/s')],
  ['a disk of its own', 'green', judgeQuota(10, 100, '/s')],
  ['no network', 'green', judgeNetwork({ interfaces: ['lo', 'sit0', 'tunl0'], reached: [] })],
  ['an interface', 'red', judgeNetwork({ interfaces: ['lo', 'eth0'], reached: [] })],
  ['a way out', 'red', judgeNetwork({ interfaces: ['lo'], reached: ['the internet'] })],
  ['nothing to see', 'green', judgeHidden(nothing)],
  ['a socket', 'red', judgeHidden({ ...nothing, sockets: ['/run/docker.sock'] })],
  ['a home', 'red', judgeHidden({ ...nothing, homes: ['/home/ada'] })],
  ['accounts', 'red', judgeHidden({ ...nothing, secrets: ['/etc/shadow'] })],
  ['the node', 'red', judgeHidden({ ...nothing, own: ['/var/lib/berth'] })],
  ['a supervisor apart', 'green', judgeRunner({ reached: [] })],
  ...['its directory', 'its memory', 'it by signals', 'its socket'].map(
    (what) => [`a supervisor of which is reached ${what}`, 'red', judgeRunner({ reached: [what] })] as const,
  ),
  ['no privilege', 'green', judgePrivileges(plain)],
  ['root', 'red', judgePrivileges({ ...plain, uid: 0 })],
  ['a way to root', 'red', judgePrivileges({ ...plain, becameRoot: true })],
  ['set-uid programs', 'red', judgePrivileges({ ...plain, noNewPrivileges: false })],
  ['a capability', 'red', judgePrivileges({ ...plain, capabilities: ['CapEff'] })],
  ['places of its own', 'green', mounted('/tmp', 'tmpfs')],
  ['its files', 'green', mounted('/home/work', 'ext4')],
  ['what is mounted below its files', 'green', mounted('/home/work/data', 'nfs4')],
  ['a writable root', 'red', mounted('/', 'tmpfs')],
  ['a writable part of the machine', 'red', mounted('/usr', 'ext4')],
  ['a writable /sys', 'red', mounted('/sys', 'sysfs')],
  ['whole output', 'green', judgeOutput({ before: 'line 1\n', after: lines, lost: 0 })],
  ['output without its beginning', 'red', judgeOutput({ before: 'line 1\n', after: lines.slice(7), lost: 0 })],
  ['output that is said to be lost', 'red', judgeOutput({ before: 'line 1\n', after: lines, lost: 7 })],
];

describe('the probes say of', () => {
  it.each(TABLE)('%s: %s', (_what, state, finding) => {
    expect(finding.state).toBe(state);
    expect(finding.detail).not.toBe('');
  });
});
