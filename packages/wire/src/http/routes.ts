/**
 * The native HTTP API as one table: the gateway serves it and the client calls it, so that neither can drift. All paths want
 * `Authorization: Bearer <key>`; errors are `{error: ErrorBody}` with the status of the code.
 *
 * Outside the table, because their bodies are not JSON:
 * - `PUT|GET|DELETE /v1/sessions/:session/files/*` the bytes of a file below /home/work (PUT answers `FileEntry`)
 * - `PUT|GET /v1/sessions/:session/archive?path=DIRECTORY` a directory as a tar (PUT answers `ExtractedFiles`)
 * - `GET /v1/sessions/:session/watch?path=DIRECTORY` a `FileChange` per line, until the caller goes; empty lines are signs of life
 * - `WS /v1/sessions/:session/runs/:run/attach?from=N` record frames on channel 0 from record N, then an `end` frame; the
 *   client sends `ack`, `input` and `inputEnd` frames (frames.ts), the node an `ack` for input that was taken. Each binary
 *   message holds one or more whole frames (attach-link.ts).
 * - `WS /v1/sessions/:session/tunnel?service=NAME|port=N` one connection to a port of the session: each binary message is bytes
 *   of it, an empty one ends its direction (docs/services.md).
 */
import type { z } from 'zod';
import type { ServiceView } from '../services.js';
import type { FileEntry, KernelView, NodeView, OutputEntry, ProcessView, RunView } from '../views.js';
import {
  completeSchema,
  createSessionSchema,
  makeDirectorySchema,
  moveFileSchema,
  runRequestSchema,
  signalProcessSchema,
  signalRunSchema,
  startServiceSchema,
  stopNodeSchema,
  terminalSizeSchema,
} from './schemas.js';

interface Route<Body extends z.ZodType | undefined, Reply> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:name` stands for a parameter. */
  readonly path: string;
  readonly body: Body;
  /** Names of allowed query parameters; all text. */
  readonly query: readonly string[];
  /** Only for its type. */
  readonly reply: () => Reply;
}

function route<Reply, Body extends z.ZodType | undefined = undefined>(
  method: Route<Body, Reply>['method'],
  path: string,
  body?: Body,
  query: readonly string[] = [],
): Route<Body, Reply> {
  return {
    method,
    path,
    body: body as Body,
    query,
    reply: () => {
      throw new Error('a type, not a value');
    },
  };
}

export const ROUTES = {
  node: route<NodeView>('GET', '/v1/node'),
  stopNode: route<{ stopping: true }, typeof stopNodeSchema>('POST', '/v1/node/stop', stopNodeSchema),
  /** `all=1`: also those that ended. */
  listSessions: route<{ sessions: readonly KernelView[] }>('GET', '/v1/sessions', undefined, ['all']),
  createSession: route<KernelView, typeof createSessionSchema>('POST', '/v1/sessions', createSessionSchema),
  getSession: route<KernelView>('GET', '/v1/sessions/:session'),
  /** `graceMs`: milliseconds between SIGTERM and SIGKILL. */
  deleteSession: route<KernelView>('DELETE', '/v1/sessions/:session', undefined, ['graceMs']),
  /** Anew from the same specification, with the same files. */
  restartSession: route<KernelView>('POST', '/v1/sessions/:session/restart'),
  pauseSession: route<KernelView>('POST', '/v1/sessions/:session/pause'),
  resumeSession: route<KernelView>('POST', '/v1/sessions/:session/resume'),
  renewSession: route<KernelView>('POST', '/v1/sessions/:session/renew'),
  listRuns: route<{ runs: readonly RunView[] }>('GET', '/v1/sessions/:session/runs'),
  startRun: route<RunView, typeof runRequestSchema>('POST', '/v1/sessions/:session/runs', runRequestSchema),
  signalRun: route<Record<never, never>, typeof signalRunSchema>(
    'POST',
    '/v1/sessions/:session/runs/:run/signal',
    signalRunSchema,
  ),
  /** Files below `.output`. */
  runOutputs: route<{ files: readonly OutputEntry[] }>('GET', '/v1/sessions/:session/runs/:run/outputs'),
  listProcesses: route<{ processes: readonly ProcessView[] }>('GET', '/v1/sessions/:session/processes'),
  signalProcess: route<Record<never, never>, typeof signalProcessSchema>(
    'POST',
    '/v1/sessions/:session/processes/signal',
    signalProcessSchema,
  ),
  /** Of a run with a terminal. */
  resizeRun: route<Record<never, never>, typeof terminalSizeSchema>(
    'POST',
    '/v1/sessions/:session/runs/:run/resize',
    terminalSizeSchema,
  ),
  complete: route<{ matches: readonly string[] }, typeof completeSchema>(
    'POST',
    '/v1/sessions/:session/complete',
    completeSchema,
  ),
  listServices: route<{ services: readonly ServiceView[] }>('GET', '/v1/sessions/:session/services'),
  /** Answers once the port of the service accepts. */
  startService: route<ServiceView, typeof startServiceSchema>('POST', '/v1/sessions/:session/services', startServiceSchema),
  stopService: route<ServiceView>('DELETE', '/v1/sessions/:session/services/:service'),
  /** `path`: directory relative to /home/work, default `.`. */
  listFiles: route<{ entries: readonly FileEntry[] }>('GET', '/v1/sessions/:session/files', undefined, ['path']),
  /** `path`: of a file, directory or link; default `.`. */
  statFile: route<FileEntry>('GET', '/v1/sessions/:session/stat', undefined, ['path']),
  makeDirectory: route<FileEntry, typeof makeDirectorySchema>('POST', '/v1/sessions/:session/directories', makeDirectorySchema),
  moveFile: route<FileEntry, typeof moveFileSchema>('POST', '/v1/sessions/:session/move', moveFileSchema),
} as const;

export type RouteName = keyof typeof ROUTES;
/** What a route answers. */
export type ReplyOf<Name extends RouteName> = ReturnType<(typeof ROUTES)[Name]['reply']>;
/** What a route takes, before defaults are filled in; `undefined` when it takes no body. */
export type BodyOf<Name extends RouteName> = (typeof ROUTES)[Name]['body'] extends z.ZodType
  ? z.input<(typeof ROUTES)[Name]['body']>
  : undefined;
/** What a handler of a route gets: the body with defaults filled in; `undefined` when it takes none. */
export type ParsedBodyOf<Name extends RouteName> = (typeof ROUTES)[Name]['body'] extends z.ZodType
  ? z.output<(typeof ROUTES)[Name]['body']>
  : undefined;
