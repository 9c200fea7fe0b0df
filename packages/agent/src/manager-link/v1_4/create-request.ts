/** The configuration that comes with `create_kernel` (seed spec 5.4), checked. Pure. */
import { z } from 'zod';
import { parseDecimal, timesRoundedDown, toHundredthsText, type Decimal } from './decimal.js';

/** What a manager asks for. */
export interface CreateRequest {
  /** `<name>:<tag>`. */
  readonly lang: string;
  /** Hundredths of cores and of devices; bytes. The text is what they were asked as, rounded down to the quantum. */
  readonly cpu: { readonly hundredths: number; readonly text: string };
  readonly memory: { readonly bytes: number; readonly text: string };
  readonly gpu: { readonly hundredths: number; readonly text: string };
  readonly mounts: readonly FolderMount[];
  readonly environ: Readonly<Record<string, string>>;
  /** Cores named by the caller; null: ours to choose. */
  readonly cpuSet: readonly number[] | null;
}

/** A virtual folder: `<mount root>/<host>/<id>` at `/home/work/<name>`. */
export interface FolderMount {
  readonly name: string;
  readonly host: string;
  /** 32 hexadecimal digits. */
  readonly id: string;
}

const GIB = 2 ** 30;
const MOST_ENVIRONMENT_BYTES = 256 * 1024;
/** Mounted over by us, so not to be taken. */
const TAKEN_NAMES: readonly string[] = ['.config', '.output'];

/** One name of a path: whatever the file system takes, and nothing that leads elsewhere. */
const pathName = z
  .string()
  .min(1)
  .refine((name) => name !== '.' && name !== '..' && !/[/\0]/.test(name), 'must be one name, without `/`')
  .refine((name) => Buffer.byteLength(name) <= 255, 'must be at most 255 bytes long');

const slot = z.unknown().transform((value, context): Decimal => {
  const decimal = parseDecimal(value);
  if (decimal && decimal.units >= 0n) return decimal;
  context.addIssue(decimal ? 'must not be negative' : 'must be a decimal number, such as "1.5"');
  return z.NEVER;
});

const environment = z
  .record(
    z.string().regex(/^[^=\0]+$/, 'must be a name without `=`'),
    z.string().refine((value) => !value.includes('\0'), 'must not contain a zero byte'),
  )
  .refine(
    (variables) => Buffer.byteLength(JSON.stringify(variables)) <= MOST_ENVIRONMENT_BYTES,
    `must be at most ${MOST_ENVIRONMENT_BYTES} bytes in all`,
  );

const schema = z.object({
  lang: z.string().regex(/^[A-Za-z0-9][\w./-]{0,127}(:\w[\w.-]{0,127})?$/, 'must be a name such as python:3.6-debian'),
  limits: z.object({ cpu_slot: slot, mem_slot: slot, gpu_slot: slot }),
  mounts: z
    .array(z.tuple([pathName, pathName, z.string().regex(/^[0-9a-f]{32}$/i, 'must be 32 hexadecimal digits')]))
    .max(256)
    .nullish(),
  environ: environment.nullish(),
  cpu_set: z.array(z.number().int().min(0)).nullish(),
});

/** Throws `RangeError` with one sentence that names field, value and what it must be. */
export function parseCreateRequest(config: unknown): CreateRequest {
  const parsed = schema.safeParse(config);
  if (!parsed.success) throw new RangeError(describe(config, parsed.error));
  const { lang, limits, mounts, environ, cpu_set: cpuSet } = parsed.data;
  const folders = (mounts ?? []).map(([name, host, id]) => ({ name, host, id: id.toLowerCase() }));
  refuseClashes(folders);
  return {
    lang: lang.includes(':') ? lang : `${lang}:latest`,
    cpu: { hundredths: timesRoundedDown(limits.cpu_slot, 100), text: toHundredthsText(limits.cpu_slot) },
    memory: { bytes: timesRoundedDown(limits.mem_slot, GIB), text: toHundredthsText(limits.mem_slot) },
    gpu: { hundredths: timesRoundedDown(limits.gpu_slot, 100), text: toHundredthsText(limits.gpu_slot) },
    mounts: folders,
    environ: environ ?? {},
    cpuSet: cpuSet && cpuSet.length > 0 ? [...new Set(cpuSet)].sort((a, b) => a - b) : null,
  };
}

function refuseClashes(folders: readonly FolderMount[]): void {
  const names = folders.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RangeError(`mounts: two folders are called ${JSON.stringify(twice)}; rename one of them`);
  const taken = names.find((name) => TAKEN_NAMES.includes(name));
  if (taken !== undefined)
    throw new RangeError(`mounts: ${JSON.stringify(taken)} is a name of the system's own; rename the folder`);
}

/** The first thing that is wrong. Values of variables may be secrets and are not told. */
function describe(config: unknown, error: z.ZodError): string {
  const [issue] = error.issues;
  const path = issue!.path.map(String);
  const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], config);
  const shown = path[0] === 'environ' ? '' : ` is ${JSON.stringify(value) ?? 'missing'}:`;
  return `${path.join('.') || 'config'}${shown} ${issue!.message}`;
}
