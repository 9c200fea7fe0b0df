/** A gateway over the fake service, for tests of gateway and client. */
import { KERNEL_SPEC_DEFAULTS, newRunId, type BatchRun, type KernelId, type NodeView, type SessionId } from '@berth/wire';
import { FakeKernelService } from '../../agent/testing/fake-kernel-service.js';
import type { Script } from '../../agent/testing/fake-scripts.js';
import { startGateway, type Gateway } from '../src/index.js';

export const KEY = 'a-key-of-these-tests';

export interface FakeNode {
  readonly service: FakeKernelService;
  readonly gateway: Gateway;
  readonly endpoint: string;
  /** Calls of NodeControl.stop. */
  readonly stops: { readonly terminate: boolean }[];
  /** Failures that were told as defects. */
  readonly defects: unknown[];
}

export async function startFakeNode(
  options: {
    readonly scripts?: Record<string, Script>;
    readonly port?: number;
    readonly service?: FakeKernelService;
    readonly key?: string;
  } = {},
): Promise<FakeNode> {
  const service = options.service ?? new FakeKernelService(options.scripts);
  const stops: { readonly terminate: boolean }[] = [];
  const defects: unknown[] = [];
  const view = (): NodeView => ({
    running: true,
    pid: process.pid,
    version: '0.0.0',
    endpoint: gateway.endpoint,
    driver: 'fake',
    driverReason: 'it was given',
    isolation: 'sandboxed',
    missing: [],
    driverState: 'ok',
    driverDetail: '',
    links: [],
    dataDir: '/nowhere',
    sessions: service.listKernels().length,
    startedAt: 0,
    ephemeral: false,
  });
  const gateway: Gateway = await startGateway({
    service,
    node: { view, stop: async (how) => void stops.push(how) },
    key: options.key ?? KEY,
    host: '127.0.0.1',
    port: options.port ?? 0,
    onDefect: (error) => defects.push(error),
  });
  return { service, gateway, endpoint: gateway.endpoint, stops, defects };
}

/** A session with a batch run of a script of the fake. */
export async function someRun(
  service: FakeKernelService,
  argv: readonly string[],
  leaseSeconds: number | null = null,
  more: Partial<BatchRun> = {},
): Promise<{ session: KernelId; run: ReturnType<typeof newRunId> }> {
  const session = newRunId().slice(0, 12) as KernelId;
  const spec = { ...KERNEL_SPEC_DEFAULTS, image: 'some:1', leaseSeconds };
  await service.createKernel({ kernelId: session, sessionId: session as string as SessionId, spec });
  const run = newRunId();
  await service.startRun(session, { mode: 'batch', runId: run, argv, ...more });
  return { session, run };
}
