/** What each route of the table does. A session of the gateway has one kernel, and the kernel has the session's id. */
import {
  BerthError,
  newSessionId,
  type KernelId,
  type KernelService,
  type NodeView,
  type RunId,
  type RunSignal,
} from '@berth/wire';
import type { ParsedBodyOf, ReplyOf, RouteName } from '@berth/wire/http';

/** The node behind the gateway. */
export interface NodeControl {
  view(): NodeView;
  /** Begins to stop the node; resolves when it has stopped. */
  stop(options: { readonly terminate: boolean }): Promise<void>;
}

/** One call of a route, checked. Ids that the path does not name are undefined, whatever the type says. */
export interface Call<Name extends RouteName> {
  readonly session: KernelId;
  readonly run: RunId;
  /** Name of a service. */
  readonly service: string;
  readonly body: ParsedBodyOf<Name>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** Aborts when the caller goes away before the reply. */
  readonly signal: AbortSignal;
}

type Handler<Name extends RouteName> = (call: Call<Name>) => Promise<ReplyOf<Name>> | ReplyOf<Name>;
export type Handlers = { readonly [Name in RouteName]: Handler<Name> };

/** The handlers, by name of the route: one that is missing, or answers with something else, does not compile. */
export function handlers(service: KernelService, node: NodeControl): Handlers {
  return {
    node: () => node.view(),
    stopNode: ({ body }) => {
      // The reply comes first; how the stop went is the node's own business.
      setImmediate(() => void node.stop(body));
      return { stopping: true };
    },
    listSessions: ({ query }) => ({ sessions: service.listKernels({ ended: flag('all', query) }) }),
    createSession: ({ body, signal }) => {
      const sessionId = body.sessionId ?? newSessionId();
      return service.createKernel({ kernelId: sessionId as string as KernelId, sessionId, spec: body.spec }, signal);
    },
    getSession: ({ session }) => service.getKernel(session),
    deleteSession: ({ session, query }) => service.destroyKernel(session, grace(query['graceMs'])),
    restartSession: ({ session }) => service.restartKernel(session),
    pauseSession: ({ session }) => service.pauseKernel(session),
    resumeSession: ({ session }) => service.resumeKernel(session),
    renewSession: ({ session }) => service.renewLease(session),
    listRuns: async ({ session }) => ({ runs: await service.listRuns(session) }),
    startRun: ({ session, body }) => service.startRun(session, body),
    signalRun: async ({ session, run, body }) => {
      await service.signalRun(session, run, body.signal as RunSignal);
      return {};
    },
    runOutputs: async ({ session, run }) => ({ files: await service.runOutputs(session, run) }),
    listProcesses: async ({ session }) => ({ processes: await service.listProcesses(session) }),
    signalProcess: async ({ session, body }) => {
      await service.signalProcess(session, body.pid, body.signal);
      return {};
    },
    resizeRun: async ({ session, run, body }) => {
      await service.resizeRun(session, run, body);
      return {};
    },
    complete: async ({ session, body }) => ({
      matches: await service.complete(session, body.language, body.code, body.cursor),
    }),
    statFile: ({ session, query }) => service.statFile(session, query['path'] ?? '.'),
    makeDirectory: ({ session, body }) => service.makeDirectory(session, body.path),
    moveFile: ({ session, body }) => service.moveFile(session, body.from, body.to),
    listServices: async ({ session }) => ({ services: await service.listServices(session) }),
    startService: ({ session, body, signal }) => service.startService(session, body, signal),
    stopService: ({ session, service: name }) => service.stopService(session, name),
    listFiles: async ({ session, query }) => ({ entries: await service.listFiles(session, query['path'] ?? '.') }),
  };
}

function flag(name: string, query: Call<RouteName>['query']): boolean {
  const value = query[name];
  if (value !== undefined && value !== '0' && value !== '1')
    throw new BerthError('bad-request', `${name} is ${JSON.stringify(value)}: must be 0 or 1`);
  return value === '1';
}

const LONGEST_GRACE_MS = 3_600_000;

function grace(text: string | undefined): { readonly graceMs?: number } {
  if (text === undefined) return {};
  const graceMs = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (graceMs <= LONGEST_GRACE_MS) return { graceMs };
  throw new BerthError('bad-request', `graceMs is ${JSON.stringify(text)}: must be 0 to ${LONGEST_GRACE_MS} milliseconds`);
}
