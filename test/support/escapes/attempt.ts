/** What an attempt is, and how it becomes a program. */

/** The columns of docs/security.md. */
export const COLUMNS = ['docker', 'sandbox-root', 'sandbox-user'] as const;
export type Column = (typeof COLUMNS)[number];

/** What comes of an attempt, and why: `open` is a gap, or meant so; `depends`: on the version of the engine or of the kernel. */
export interface Verdict {
  readonly state: 'held' | 'open' | 'depends';
  readonly because: string;
}

export interface Attempt {
  /** Names the row. Small letters and dashes. */
  readonly id: string;
  /** What is attempted, as it goes on after "code in a session cannot". */
  readonly title: string;
  /** Body of a Python function. It gives a text when it got through, else nothing; an OSError is a refusal. Harmless even then. */
  readonly code: string;
  /** Network that the session asked for; default `none`. */
  readonly network?: 'bridge' | 'host';
  /** Also from a language session, which is another process with other descriptors. */
  readonly session?: true;
  /** It uses up what others need: after all others, by itself. */
  readonly alone?: true;
  /** Why it cannot get through as root of the bare machine, where all others must: absent, it must. */
  readonly uncontrolled?: string;
  readonly verdicts: Readonly<Record<Column, Verdict>>;
}

/** As docs/security.md says it. Pure. */
export const cellOf = ({ state, because }: Verdict): string => `${state === 'open' ? '**open**' : state}: ${because}`;

export const held = (because: string): Verdict => ({ state: 'held', because });
export const open = (because: string): Verdict => ({ state: 'open', because });
export const depends = (because: string): Verdict => ({ state: 'depends', because });

/** The same in all columns, or by driver, or by column. */
export function verdicts(docker: Verdict, sandboxRoot = docker, sandboxUser = sandboxRoot): Attempt['verdicts'] {
  return { docker, 'sandbox-root': sandboxRoot, 'sandbox-user': sandboxUser };
}

const PRELUDE = String.raw`
import ctypes, errno, fcntl, json, mmap, os, platform, resource, signal, socket, stat, subprocess, sys, termios, time
libc = ctypes.CDLL(None, use_errno=True)
BOTH = dict(add_key=(248, 217), request_key=(249, 218), keyctl=(250, 219), ptrace=(101, 117), bpf=(321, 280), perf_event_open=(298, 241),
    userfaultfd=(323, 282), io_uring_setup=(425, 425), unshare=(272, 97), mount=(165, 40), fsopen=(430, 430), open_tree=(428, 428),
    name_to_handle_at=(303, 264), open_by_handle_at=(304, 265), process_vm_readv=(310, 270), pidfd_open=(434, 434), pidfd_getfd=(438, 438),
    finit_module=(313, 273), reboot=(169, 142), syslog=(103, 116), setns=(308, 268), shmget=(29, 194), shmat=(30, 196), clone3=(435, 435))
NR = {name: pair[platform.machine() == 'aarch64'] for name, pair in BOTH.items()}
libc.syscall.restype = ctypes.c_long
def call(name, *arguments):
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(NR[name]), *wide)
    if result < 0: raise OSError(ctypes.get_errno(), name)
    return result
def first(*ways):
    "Name of the first way that is not refused."
    for name, way in ways:
        try: way()
        except OSError: continue
        return name
def pids(): return [int(name) for name in os.listdir('/proc') if name.isdigit()]
def cmdline(pid):
    try: return open('/proc/%d/cmdline' % pid, 'rb').read().split(b'\0')
    except OSError: return []
def supervisors(): return [pid for pid in pids() if facts['runner'].encode() in cmdline(pid)]
def against(*ways):
    "Each way against each process of the supervisor that is seen. One that is about to become a program of ours counts only if it stays."
    def lasting(way, pid):
        way(pid)
        time.sleep(0.3)
        if pid not in supervisors(): raise OSError(errno.ESRCH, 'gone')
        way(pid)
    return first(*((name, lambda way=way, pid=pid: lasting(way, pid)) for pid in supervisors() for name, way in ways))
def readable(path):
    with open(path, 'rb') as file: file.read(1)
def writable(path): os.close(os.open(path, os.O_WRONLY))
def connect(address):
    with socket.socket(socket.AF_UNIX) as s: s.connect(address)
def capabilities():
    with open('/proc/self/status') as file:
        return {l.split(':')[0]: int(l.split()[1], 16) for l in file if l.startswith('Cap')}
def in_child(fn):
    "What fn gives in a process of its own, so that what it changes is gone with it."
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try: said = fn()
        except OSError: said = None
        except BaseException as error: said = 'BROKEN ' + repr(error)
        os.write(writer, (said or '').encode())
        os._exit(0)
    os.close(writer)
    said = os.read(reader, 4096).decode()
    os.close(reader)
    os.waitpid(pid, 0)
    if said.startswith('BROKEN'): raise RuntimeError(said)
    return said or None
`;

/** Prints exactly one line, `HELD` or `ESCAPED: ...`; anything else means that the attempt is broken. Pure. */
export function programOf({ code }: Pick<Attempt, 'code'>, facts: object): string {
  const body = code
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  // A JSON text of plain ASCII is a Python literal too.
  const literal = JSON.stringify(JSON.stringify(facts)).replace(
    /[^\0-~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${PRELUDE}
facts = json.loads(${literal})
def main():
${body}
try: said = main()
except OSError: said = None
print('HELD' if said is None else 'ESCAPED: ' + ' '.join(str(said).split())[:500])
`;
}

/** Errors: when it is not the one line that a program prints. Pure. */
export function outcomeOf(stdout: string): { readonly escaped: boolean; readonly line: string } {
  const line = /^(HELD|ESCAPED: [^\n]*)\n$/.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`the attempt is broken, and printed ${JSON.stringify(stdout.slice(0, 1000))}`);
  return { escaped: line !== 'HELD', line };
}
