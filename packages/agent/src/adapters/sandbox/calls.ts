/**
 * Calls of the kernel that no sandbox needs, and that namespaces do not hold: keyrings, the kernel's log, programs for the kernel, sockets of
 * the hypervisor, and what has been a way out before. A filter as bubblewrap takes it (`--seccomp`): instructions of seccomp(2). Pure.
 */

/** Of a processor: what the kernel calls it (linux/audit.h), and its numbers. */
interface Processor {
  readonly audit: number;
  /** Numbers from here on belong to another kind of program (x32). */
  readonly end?: number;
  readonly refused: readonly number[];
  readonly socket: number;
  readonly unshare: number;
  readonly clone: number;
}

/** The same everywhere: io_uring_setup, _enter and _register; clone3, whose flags a filter cannot see. */
const IO_URING = [425, 426, 427];
const CLONE3 = 435;

const PROCESSORS: Readonly<Record<string, Processor>> = {
  x64: {
    audit: 0xc000003e,
    end: 0x40000000,
    // add_key request_key keyctl bpf perf_event_open userfaultfd syslog open_by_handle_at kexec_load kexec_file_load init_module
    // finit_module delete_module acct swapon swapoff reboot quotactl lookup_dcookie iopl ioperm uselib _sysctl
    refused: [248, 249, 250, 321, 298, 323, 103, 304, 246, 320, 175, 313, 176, 163, 167, 168, 169, 179, 212, 172, 173, 134, 156],
    socket: 41,
    unshare: 272,
    clone: 56,
  },
  arm64: {
    audit: 0xc00000b7,
    // The same, as far as there.
    refused: [217, 218, 219, 280, 241, 282, 116, 265, 104, 294, 105, 273, 106, 89, 224, 225, 142, 60, 18],
    socket: 198,
    unshare: 97,
    clone: 220,
  },
};

/** AF_ALG: the kernel's ciphers, a way to write into others' page cache before (CVE-2026-31431). AF_VSOCK: the hypervisor, in no namespace. */
const REFUSED_FAMILIES = [38, 40];
const NEW_USER_NAMESPACE = 0x10000000;

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const GIVE = 0x06;

const AT_NUMBER = 0;
const AT_PROCESSOR = 4;
/** Lower half of the first argument. */
const AT_FIRST = 16;

const ALLOWED = 0x7fff0000;
const FAILS = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;

type Step = readonly [code: number, value: number, ifSo?: string | undefined, ifNot?: string] | string;

/**
 * Undefined for a processor that is not known. Programs for another one than the machine's own (32 bits) are refused everything.
 * @param processor as `process.arch`; @param userNamespaces whether new ones may be made
 */
export function refusedCalls(processor: string, { userNamespaces }: { readonly userNamespaces: boolean }): Buffer | undefined {
  const found = PROCESSORS[processor];
  if (!found) return undefined;
  const { audit, end, refused, socket, unshare, clone } = found;
  const names = userNamespaces ? [] : namespaceSteps({ unshare, clone });
  return assembled([
    [LOAD, AT_PROCESSOR],
    [IF_EQUAL, audit, undefined, 'unknown'],
    [LOAD, AT_NUMBER],
    ...(end === undefined ? [] : [[IF_AT_LEAST, end, 'unknown'] as const]),
    ...[...refused, ...IO_URING].map((number) => [IF_EQUAL, number, 'refuse'] as const),
    ...names,
    [IF_EQUAL, socket, undefined, 'allow'],
    [LOAD, AT_FIRST],
    ...REFUSED_FAMILIES.map((family) => [IF_EQUAL, family, 'refuse'] as const),
    'allow',
    [GIVE, ALLOWED],
    'refuse',
    [GIVE, FAILS | EPERM],
    'unknown',
    [GIVE, FAILS | ENOSYS],
  ]);
}

/** Programs fall back to clone where clone3 is unknown. */
const namespaceSteps = ({ unshare, clone }: Pick<Processor, 'unshare' | 'clone'>): readonly Step[] => [
  [IF_EQUAL, CLONE3, 'unknown'],
  [IF_EQUAL, unshare, 'flags'],
  [IF_EQUAL, clone, undefined, 'others'],
  'flags',
  [LOAD, AT_FIRST],
  [IF_ANY_BIT, NEW_USER_NAMESPACE, 'refuse', 'allow'],
  'others',
];

/** Texts are labels of what follows. Eight bytes each: code, both jumps, value. */
function assembled(steps: readonly Step[]): Buffer {
  const labels = new Map<string, number>();
  const instructions: Exclude<Step, string>[] = [];
  for (const step of steps) {
    if (typeof step === 'string') labels.set(step, instructions.length);
    else instructions.push(step);
  }
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, value, ifSo, ifNot]] of instructions.entries()) {
    const jump = (label: string | undefined): number => (label === undefined ? 0 : labels.get(label)! - index - 1);
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jump(ifSo), index * 8 + 2);
    bytes.writeUInt8(jump(ifNot), index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
