/** What a manager 1.4 can call (seed spec 5.3), as one table. */
import type { KernelId, KernelService } from '@berth/wire';
import type { Packable, Packed } from '../transport/codec.js';
import type { BoundArguments } from '../transport/parameters.js';
import { withDelivery, type RpcMethod, type RpcMethods } from '../transport/rpc-method.js';
import type { Executor } from './execute/executor.js';
import { completions } from './completions.js';
import { KernelFiles } from './files.js';
import type { ManagedKernels } from './kernels.js';
import { readLogs } from './logs.js';

export interface MethodParts {
  readonly service: KernelService;
  readonly kernels: ManagedKernels;
  readonly executor: Executor;
}

const KERNEL = { name: 'kernel_id', kind: 'str' } as const;
const text = (name: string) => ({ name, kind: 'str' }) as const;
const map = (name: string) => ({ name, kind: 'dict', nullable: true, optional: true }) as const;

const string = (args: BoundArguments, name: string): string => args[name] as string;
const record = (value: Packed | undefined): Readonly<Record<string, unknown>> =>
  (value ?? {}) as Readonly<Record<string, unknown>>;

export function rpcMethods({ service, kernels, executor }: MethodParts): RpcMethods {
  /** The kernel, or the refusal that also frees what the manager counts for it. */
  const living = (args: BoundArguments): KernelId => {
    const id = string(args, 'kernel_id');
    return (kernels.find(id) ?? kernels.refuseUnknown(id)).kernelId;
  };
  const files = new KernelFiles(service);
  const methods: Readonly<Record<string, RpcMethod>> = {
    ping: { parameters: [text('msg')], call: (args) => string(args, 'msg') },
    create_kernel: {
      parameters: [KERNEL, { name: 'config', kind: 'dict' }],
      async call(args, { signal }) {
        const id = string(args, 'kernel_id');
        const isNew = kernels.find(id) === undefined;
        const created = await kernels.create(id, args['config'], signal);
        // A manager that is not there any more has rolled its record back.
        return withDelivery(created, (arrived) => void (arrived || !isNew || kernels.abandon(id)));
      },
    },
    destroy_kernel: { parameters: [KERNEL], call: (args) => kernels.destroy(string(args, 'kernel_id')) },
    restart_kernel: {
      parameters: [KERNEL, { name: 'new_config', kind: 'any', optional: true }],
      async call(args) {
        const id = living(args);
        executor.forget(id);
        return kernels.restart(id);
      },
    },
    interrupt_kernel: {
      parameters: [KERNEL],
      async call(args) {
        await executor.interrupt(living(args));
      },
    },
    execute: {
      parameters: [
        { name: 'api_version', kind: 'int' },
        KERNEL,
        { name: 'run_id', kind: 'str', nullable: true },
        text('mode'),
        { name: 'code', kind: 'str', nullable: true },
        map('opts'),
      ],
      async call(args) {
        const answer = await executor.execute({
          apiVersion: Number(args['api_version']),
          kernelId: string(args, 'kernel_id'),
          runId: args['run_id'] as string | null,
          mode: string(args, 'mode'),
          code: (args['code'] as string | null) ?? '',
          opts: record(args['opts']),
        });
        // Interfaces have no index signature to the compiler, though every field can be written.
        return withDelivery(answer.result as unknown as Packable, (arrived) => answer.delivered(arrived));
      },
    },
    get_completions: {
      parameters: [KERNEL, text('text'), map('opts')],
      // Manager 1.4.0 also sends the mode of the run.
      alternatives: [[KERNEL, text('mode'), text('text'), map('opts')]],
      call: async (args) => ({
        ...(await completions(service, living(args), { text: string(args, 'text'), opts: record(args['opts']) })),
      }),
    },
    get_logs: { parameters: [KERNEL], call: (args) => readLogs(service, living(args)) },
    upload_file: {
      parameters: [KERNEL, text('filename'), { name: 'filedata', kind: 'bytes' }],
      call: (args) => files.upload(living(args), string(args, 'filename'), args['filedata'] as Buffer),
    },
    download_file: {
      parameters: [KERNEL, text('filepath')],
      call: (args) => files.download(living(args), string(args, 'filepath')),
    },
    list_files: {
      parameters: [KERNEL, { ...text('path'), optional: true }],
      call: (args) => files.list(living(args), (args['path'] as string | undefined) ?? '.'),
    },
    reset: { parameters: [], call: () => kernels.reset() },
  };
  return methods;
}
