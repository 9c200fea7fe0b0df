/** A real agent on a real Docker, inside the test's process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgent, type Agent, type AgentConfig, type AgentParts } from '@berth/agent';
import {
  completeKernelSpec,
  decodeRecord,
  newRunId,
  newSessionId,
  recordTypeOf,
  type BatchRun,
  type Finished,
  type KernelId,
  type KernelService,
  type KernelSpec,
  type QueryRun,
  type RunId,
  type RunRecord,
} from '@berth/wire';
import type { TestDocker } from './services.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface TestAgent {
  readonly service: KernelService;
  readonly directory: string;
  readonly agent: Agent;
  /** What it was started with. */
  readonly config: AgentConfig;
  /** Lets go and starts again on the same directories: another life of the same agent. `between` may live lives of its own there. */
  restart(between?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Ends all kernels and removes all directories when stopped. The carry is shared between tests, since it is large, unless
 * `config` says otherwise.
 */
export async function startTestAgent(
  docker: TestDocker,
  parts: AgentParts = {},
  config: Pick<AgentConfig, 'node' | 'driver'> & Partial<Pick<AgentConfig, 'carryDirectory'>> = {},
): Promise<TestAgent> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-test-'));
  const whole: AgentConfig = {
    stateDirectory: join(directory, 'state'),
    scratchRoot: join(directory, 'scratch'),
    carryDirectory: join(tmpdir(), `berth-test-carry-${process.getuid!()}`),
    namespace: 'test',
    docker: { socketPath: docker.socketPath },
    logger: process.env['BERTH_TEST_LOG'] ? consoleLogger : silent,
    ...config,
  };
  const start = () => startAgent(whole, parts);
  let agent = await start();
  return {
    directory,
    config: whole,
    get agent() {
      return agent;
    },
    get service() {
      return agent.service;
    },
    async restart(between) {
      await agent.stop({ terminate: false });
      await between?.();
      agent = await start();
    },
    async stop() {
      await agent.stop({ terminate: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const consoleLogger = {
  debug: (f: object, m: string) => console.log('debug', m, f),
  info: (f: object, m: string) => console.log('info', m, f),
  warn: (f: object, m: string) => console.log('warn', m, f),
  error: (f: object, m: string) => console.log('error', m, f),
};

/** A new kernel; resolves when it is ready. */
export async function createKernel(
  service: KernelService,
  spec: Partial<KernelSpec> & Pick<KernelSpec, 'image'>,
): Promise<KernelId> {
  const sessionId = newSessionId();
  const kernelId = sessionId as string as KernelId;
  await service.createKernel({ kernelId, sessionId, spec: completeKernelSpec(spec) });
  return kernelId;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A run without its id. */
export type RunWish = DistributiveOmit<QueryRun | BatchRun, 'runId'>;

/** All that a run gave. */
export interface RunOutcome {
  readonly runId: RunId;
  readonly stdout: string;
  readonly stderr: string;
  readonly records: readonly RunRecord[];
  readonly finished: Finished;
}

export const batch = (...argv: string[]): RunWish => ({ mode: 'batch', argv });
export const shell = (script: string): RunWish => ({ mode: 'batch', argv: ['/bin/sh', '-c', script] });
export const python = (code: string, ...args: string[]): RunWish => ({
  mode: 'batch',
  interpreter: 'python',
  argv: ['-c', code, ...args],
});
export const query = (code: string, language: QueryRun['language'] = 'python'): RunWish => ({ mode: 'query', language, code });

/** Reads a run from record `from` to its end, confirming as it goes. `onRecord` may act on records as they come. */
export async function readRun(
  service: KernelService,
  kernel: KernelId,
  runId: RunId,
  onRecord: (record: RunRecord) => void = () => {},
  from = 1,
): Promise<RunOutcome> {
  const stream = await service.attachRun(kernel, runId, { from });
  const records: RunRecord[] = [];
  for await (const frames of stream) {
    for (const frame of frames) {
      const type = recordTypeOf(frame.type);
      if (type === undefined || frame.more) continue;
      const record = decodeRecord(type, frame.seq, frame.payload);
      records.push(record);
      onRecord(record);
    }
    stream.ack(frames.at(-1)!.seq);
  }
  const last = records.at(-1);
  if (last?.type !== 'finished') throw new Error('the stream ended without a finished record');
  const text = (type: 'stdout' | 'stderr') =>
    Buffer.concat(records.flatMap((r) => (r.type === type ? [(r as { data: Uint8Array }).data] : []))).toString();
  return { runId, stdout: text('stdout'), stderr: text('stderr'), records, finished: last };
}

/** Starts a run and reads it to its end. */
export async function run(
  service: KernelService,
  kernel: KernelId,
  wish: RunWish,
  onRecord: (record: RunRecord, runId: RunId) => void = () => {},
): Promise<RunOutcome> {
  const runId = newRunId();
  await service.startRun(kernel, { runId, ...wish });
  return readRun(service, kernel, runId, (record) => onRecord(record, runId));
}
