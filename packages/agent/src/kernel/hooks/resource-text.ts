/** The file `resource.txt` (seed spec 8.4): what a kernel was given, for libraries inside that report limits. Pure. */
import type { KernelMount, KernelSpec } from '@berth/wire';

/** Devices of one kind, such as `cuda`. */
export interface DeviceShares {
  /** By device: decimal text, for example `1.00`. */
  readonly shares: Readonly<Record<string, string>>;
  /** By device: bytes, and processors. */
  readonly memoryLimits: Readonly<Record<string, number>>;
  readonly processorLimits: Readonly<Record<string, number>>;
}

export interface KernelResources {
  readonly numaNode: number;
  readonly cores: readonly number[];
  readonly memoryBytes: number;
  readonly scratchBytes: number;
  /** Decimal text: cores, GiB, device shares. */
  readonly shares: { readonly cpu: string; readonly mem: string; readonly gpu: string };
  readonly mounts: readonly KernelMount[];
  /** By kind, in small letters. */
  readonly devices: Readonly<Record<string, DeviceShares>>;
}

const MIB = 2 ** 20;
const size = (bytes: number): string => (bytes > MIB ? `${Math.floor(bytes / MIB)}M` : String(bytes));
const pairs = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([device, value]) => `${device}:${value}`)
    .join(',');

/** What a specification without devices gives. A kernel that may run on any core is told as many as its share needs, at least one. */
export function resourcesOf(spec: KernelSpec, numaNode = 0): KernelResources {
  const cores = spec.cpuset ?? Array.from({ length: Math.max(1, Math.floor(spec.cpus)) }, (_, core) => core);
  const gib = Math.floor((spec.memoryBytes / 2 ** 30) * 100) / 100;
  const shares = { cpu: String(spec.cpus), mem: String(gib), gpu: '0' };
  return { numaNode, cores, memoryBytes: spec.memoryBytes, scratchBytes: 0, shares, mounts: spec.mounts, devices: {} };
}

/** Mounts whose paths have a separator of the format, or the end of a line, are left out. */
export function resourceText(resources: KernelResources): string {
  const devices = Object.entries(resources.devices).map(([kind, device]) => [kind.toUpperCase(), device] as const);
  const given = (name: string, of: (device: DeviceShares) => Readonly<Record<string, string | number>>): [string, string][] =>
    devices.flatMap(([kind, device]) => (Object.keys(of(device)).length > 0 ? [[`${kind}_${name}`, pairs(of(device))]] : []));
  const { shares } = resources;
  const lines: [string, string | number][] = [
    ['NUMA_NODE', resources.numaNode],
    ['CPU_CORES', resources.cores.map(String).sort().join(',')],
    ['MEMORY_LIMIT', size(resources.memoryBytes)],
    ['SCRATCH_SIZE', size(resources.scratchBytes)],
    ['_CPU_SHARES', shares.cpu],
    ['_MEM_SHARES', shares.mem],
    ['_GPU_SHARES', shares.gpu],
    ...given('SHARES', (device) => device.shares),
    ['MOUNTS', resources.mounts.filter(fits).map(mountText).join(',')],
    ...given('MEMORY_LIMITS', (device) => device.memoryLimits),
    ...given('PROCESSOR_LIMITS', (device) => device.processorLimits),
  ];
  return lines.map(([name, value]) => `${name}=${value}\n`).join('');
}

const fits = ({ source, target }: KernelMount): boolean => !/[,:\r\n]/.test(source + target);
const mountText = ({ source, target, readOnly }: KernelMount): string => `${source}:${target}:${readOnly ? 'ro' : 'rw'}`;

/** The opposite of {@link resourceText}. Throws `RangeError` that names the line. */
export function parseResources(text: string): KernelResources {
  const lines = new Map(text.split('\n').flatMap((line) => (line.includes('=') ? [cut(line, '=')] : [])));
  const need = (name: string): string => lines.get(name) ?? fail(`${name} is missing`);
  const list = (name: string): string[] => (lines.get(name) ?? '').split(',').filter((item) => item !== '');
  const kinds = [...lines.keys()].flatMap((name) => /^([A-Z][A-Z0-9]*)_SHARES$/.exec(name)?.[1] ?? []);
  return {
    numaNode: integer('NUMA_NODE', need('NUMA_NODE')),
    cores: list('CPU_CORES')
      .map((core) => integer('CPU_CORES', core))
      .sort((a, b) => a - b),
    memoryBytes: parseSize('MEMORY_LIMIT', need('MEMORY_LIMIT')),
    scratchBytes: parseSize('SCRATCH_SIZE', need('SCRATCH_SIZE')),
    shares: { cpu: need('_CPU_SHARES'), mem: need('_MEM_SHARES'), gpu: need('_GPU_SHARES') },
    mounts: list('MOUNTS').map(mountOf),
    devices: Object.fromEntries(
      kinds.map((kind) => [
        kind.toLowerCase(),
        {
          shares: Object.fromEntries(list(`${kind}_SHARES`).map((item) => cut(item, ':'))),
          memoryLimits: numbers(list(`${kind}_MEMORY_LIMITS`)),
          processorLimits: numbers(list(`${kind}_PROCESSOR_LIMITS`)),
        },
      ]),
    ),
  };
}

const UNITS = 'kmgtpezy';

/** With the binary suffixes k to y, in either case. */
function parseSize(name: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([a-z]?)$/i.exec(text) ?? [];
  const power = unit ? UNITS.indexOf(unit.toLowerCase()) + 1 : 0;
  if (number === undefined || (unit && power === 0)) return fail(`${name} is ${JSON.stringify(text)}, which is no size`);
  return Math.floor(Number(number) * 1024 ** power);
}

function mountOf(text: string): KernelMount {
  const [source, target, permission] = text.split(':');
  if (!source || !target || (permission !== 'ro' && permission !== 'rw')) return fail(`MOUNTS has ${JSON.stringify(text)}`);
  return { source, target, readOnly: permission === 'ro' };
}

const numbers = (items: readonly string[]): Record<string, number> =>
  Object.fromEntries(items.map((item) => cut(item, ':')).map(([device, value]) => [device, integer(device, value)]));

function integer(name: string, text: string): number {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : fail(`${name} is ${JSON.stringify(text)}, which is no number`);
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function fail(problem: string): never {
  throw new RangeError(problem);
}
