/** Schemas of what comes over HTTP. Defaults are filled in here, once; inner code never sees an absent field. */
import { z } from 'zod';
import { ID_PATTERN, type RunId, type SessionId } from '../ids.js';
import { SERVICE_NAME_PATTERN, type ServiceRequest } from '../services.js';
import { KERNEL_SPEC_DEFAULTS, LANGUAGES, PROCESS_SIGNALS, RUN_SIGNALS, type KernelSpec, type RunRequest } from '../spec.js';

const MIB = 1024 * 1024;
/** Largest run or completion as JSON text in UTF-8: it must fit a frame of the runner link. */
export const MAX_RUN_BYTES = 900 * 1024;

const encoder = new TextEncoder();
const fitsFrame = (body: unknown): boolean => encoder.encode(JSON.stringify(body)).length <= MAX_RUN_BYTES;
const TOO_LARGE = `code, arguments and variables must be at most ${MAX_RUN_BYTES / 1024} KiB in all`;

const idText = z.string().regex(ID_PATTERN, 'must be 1 to 64 characters of A-Z a-z 0-9 _ . - and start with a letter or digit');
export const sessionIdSchema = idText.transform((text) => text as SessionId);
export const runIdSchema = idText.transform((text) => text as RunId);

const text = z.string().refine((s) => !s.includes('\0'), 'must not contain a zero byte');
export const envSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'names of variables are letters, digits and _'),
  text.max(128 * 1024),
);

/** {@link KernelSpec}, with defaults. */
export const kernelSpecSchema = z
  .strictObject({
    image: text.min(1).max(512),
    cpus: z.number().min(0.01).max(1024).default(KERNEL_SPEC_DEFAULTS.cpus),
    memoryBytes: z
      .number()
      .int()
      .min(32 * MIB, 'must be at least 32 MiB')
      .default(KERNEL_SPEC_DEFAULTS.memoryBytes),
    pids: z.number().int().min(32).max(4_194_304).default(KERNEL_SPEC_DEFAULTS.pids),
    network: z.enum(['none', 'bridge', 'host']).default(KERNEL_SPEC_DEFAULTS.network),
    env: envSchema.default({}),
    leaseSeconds: z.number().min(1).nullable().default(KERNEL_SPEC_DEFAULTS.leaseSeconds),
    deadManSeconds: z.number().min(1).default(KERNEL_SPEC_DEFAULTS.deadManSeconds),
    lifetimeSeconds: z.number().min(1).nullable().default(KERNEL_SPEC_DEFAULTS.lifetimeSeconds),
  })
  // Mounts, cores and supervisor are for fronts that answer for them; over HTTP they are not taken.
  .transform((spec): KernelSpec => ({ ...KERNEL_SPEC_DEFAULTS, ...spec }));

/** Body of a request for a session. Without an id the node chooses one. */
export const createSessionSchema = z.strictObject({ sessionId: sessionIdSchema.optional(), spec: kernelSpecSchema });

export const terminalSizeSchema = z.strictObject({
  rows: z.number().int().min(1).max(10_000),
  columns: z.number().int().min(1).max(10_000),
});

const runCommon = {
  runId: runIdSchema,
  env: envSchema.optional(),
  timeoutMs: z.number().int().min(1).max(0x7fff_ffff).optional(),
  durable: z.boolean().optional(),
};

/** {@link RunRequest}. */
export const runRequestSchema = z
  .discriminatedUnion('mode', [
    z.strictObject({ ...runCommon, mode: z.literal('query'), language: z.enum(LANGUAGES), code: z.string() }),
    z.strictObject({
      ...runCommon,
      mode: z.literal('batch'),
      argv: z.array(text.max(128 * 1024)).max(10_000),
      interpreter: z.enum(LANGUAGES).optional(),
      stdin: z.enum(['open', 'none']).optional(),
      cwd: text.max(4096).optional(),
      build: text.max(128 * 1024).optional(),
      clean: text.max(128 * 1024).optional(),
      terminal: terminalSizeSchema.optional(),
    }),
  ])
  .refine((run) => run.mode === 'query' || run.interpreter !== undefined || run.build !== undefined || run.argv.length > 0, {
    message: 'argv must name a program when no interpreter is given',
  })
  .refine(fitsFrame, TOO_LARGE)
  .transform((run) => run as RunRequest);

export const serviceNameSchema = z.string().regex(SERVICE_NAME_PATTERN, 'must be 1 to 32 letters, digits, _ and -');
const MOST_READY_MS = 3_600_000;

/** {@link ServiceRequest}. */
export const startServiceSchema = z
  .strictObject({
    name: serviceNameSchema,
    port: z.number().int().min(1).max(65_535).optional(),
    command: z
      .array(text.max(128 * 1024))
      .min(1)
      .max(10_000)
      .readonly()
      .optional(),
    arguments: z
      .record(text.max(1024), z.union([text, z.array(text).readonly(), z.null()]))
      .readonly()
      .optional(),
    env: envSchema.optional(),
    readyMs: z.number().int().min(1).max(MOST_READY_MS).optional(),
  })
  .refine(fitsFrame, TOO_LARGE)
  .transform((request) => request as ServiceRequest);

export const signalRunSchema = z.strictObject({ signal: z.enum(RUN_SIGNALS as [string, ...string[]]) });
export const signalProcessSchema = z.strictObject({
  pid: z
    .number()
    .int()
    .min(1)
    .max(2 ** 22),
  signal: z.enum(PROCESS_SIGNALS),
});
export const completeSchema = z
  .strictObject({ language: z.enum(LANGUAGES), code: z.string(), cursor: z.number().int().min(0) })
  .refine(fitsFrame, TOO_LARGE);
export const stopNodeSchema = z.strictObject({ terminate: z.boolean().default(false) });

/** {@link WriteOptions} as a query: `sha256` in hexadecimal digits, `mode` in octal ones. */
export const writeQuerySchema = z.strictObject({
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
    .optional(),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'must be three octal digits')
    .transform((digits) => Number.parseInt(digits, 8))
    .optional(),
});
export const removeQuerySchema = z.strictObject({
  recursive: z
    .enum(['0', '1'])
    .default('0')
    .transform((flag) => flag === '1'),
});
const pathText = text.max(16 * 1024);
export const makeDirectorySchema = z.strictObject({ path: pathText });
export const moveFileSchema = z.strictObject({ from: pathText, to: pathText });
