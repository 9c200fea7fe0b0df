/** Definitions of services, as images carry them in `/etc/backend.ai/service-defs/<name>.json` (manager-link 23.09, 12.5). */
import { BerthError } from '@berth/wire';
import { z } from 'zod';

const argument = z.union([z.string(), z.array(z.string()), z.null()]);
const text = z.string().max(64 * 1024);
const path = z.string().min(1).max(4096);
const mode = z
  .string()
  .regex(/^[0-7]{3,4}$/)
  .default('644');
const ref = { ref: z.string().max(64).optional() };

/** What is done before the program starts. `ref` names the result for later templates. */
const prestart = z.discriminatedUnion('action', [
  z.object({ ...ref, action: z.literal('mkdir'), args: z.object({ path }) }),
  z.object({
    ...ref,
    action: z.literal('write_file'),
    args: z.object({ filename: path, body: z.array(text), mode, append: z.boolean().default(false) }),
  }),
  z.object({ ...ref, action: z.literal('write_tempfile'), args: z.object({ body: z.array(text), mode }) }),
  z.object({ ...ref, action: z.literal('run_command'), args: z.object({ command: z.array(z.string()).min(1) }) }),
  z.object({ ...ref, action: z.literal('log'), args: z.object({ body: text }).loose() }),
]);

const definitionSchema = z.object({
  command: z.array(z.string()).default([]),
  noop: z.boolean().default(false),
  url_template: z.string().default(''),
  prestart: z.array(prestart).max(64).default([]),
  env: z.record(z.string(), z.string()).default({}),
  allowed_envs: z.array(z.string()).default([]),
  allowed_arguments: z.array(z.string()).default([]),
  default_arguments: z.record(z.string(), argument).default({}),
});

export type ServiceDefinition = z.output<typeof definitionSchema>;
export type PrestartAction = ServiceDefinition['prestart'][number];

/** Errors: `bad-request`, since the image is the caller's choice. */
export function parseDefinition(name: string, source: string): ServiceDefinition {
  try {
    return definitionSchema.parse(JSON.parse(source));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).split('\n').slice(0, 3).join(' ') : 'it is no JSON';
    throw new BerthError('bad-request', `the image's definition of service ${name} cannot be used: ${why}`);
  }
}

/** A definition from the few parts that it names. */
export const completeDefinition = (parts: z.input<typeof definitionSchema>): ServiceDefinition => definitionSchema.parse(parts);
