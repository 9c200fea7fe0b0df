/** What the agent can ask of a claimed runner. */
import { BerthError, TUNNEL_WINDOW_BYTES, type RunnerMethod, type RunnerMethods } from '@berth/wire';
import { listPrograms, signalProgram } from '../runs/programs.js';
import type { Registry } from '../runs/registry.js';
import type { Connection } from './connection.js';
import { readDefinition } from './definition.js';
import { PARAMS } from './params.js';

/** What the methods work on. */
export interface MethodGround {
  readonly registry: Registry;
  /** Bytes of output in memory. */
  readonly retained: () => number;
  /** Ends the kernel after the reply. */
  readonly shutdown: (graceMs: number) => void;
}

type Result<M extends RunnerMethod> = RunnerMethods[M]['result'];
type Methods = {
  readonly [M in RunnerMethod]: (
    params: RunnerMethods[M]['params'],
    ground: MethodGround,
    connection: Connection,
  ) => Result<M> | Promise<Result<M>>;
};

const METHODS: Methods = {
  start: ({ run }, { registry }) => registry.start(run),
  runs: (_params, { registry }) => ({ runs: registry.list() }),
  subscribe: ({ channel, run: id, from, window }, { registry }, connection) => {
    const run = registry.get(id);
    connection.openChannel(channel, run.log, from, window);
    return run.view();
  },
  unsubscribe: ({ channel }, _ground, connection) => {
    connection.closeChannel(channel);
    return {};
  },
  input: async ({ run: id, offset, data, end }, { registry }) => {
    const run = registry.get(id);
    if (!run.task || run.finished) return { offset: offset + Buffer.byteLength(data, 'base64') };
    const taken = await run.task.input(offset, Buffer.from(data, 'base64'), end);
    run.typed(taken);
    return { offset: taken };
  },
  signal: ({ run: id, signal }, { registry }) => {
    const run = registry.get(id);
    if (!run.finished) run.task?.signal(signal);
    return {};
  },
  processes: (_params, { registry }) => ({ processes: listPrograms(registry.owned()) }),
  signalProcess: ({ pid, signal }, { registry }) => {
    signalProgram(registry.owned(), pid, signal);
    return {};
  },
  resize: ({ run: id, size }, { registry }) => {
    const run = registry.get(id);
    if (!run.task?.resize) throw new BerthError('terminal-missing', `run ${id} has no terminal`);
    if (run.finished) return {};
    run.task.resize(size);
    run.resized(size);
    return {};
  },
  complete: async ({ language, code, cursor }, { registry }) => ({ matches: await registry.complete(language, code, cursor) }),
  connect: async ({ channel, port, window }, _ground, connection) => {
    await connection.openTunnel(channel, port, window);
    return { window: TUNNEL_WINDOW_BYTES };
  },
  definition: async ({ name }) => ({ text: await readDefinition(name) }),
  forget: ({ run: id }, { registry }, connection) => {
    const run = registry.forget(id);
    if (run) connection.endChannelsOf(run.log, id);
    return {};
  },
  shutdown: ({ graceMs }, { shutdown }) => {
    shutdown(graceMs);
    return {};
  },
  memory: (_params, { registry, retained }) => {
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed, retained: retained(), spilled: registry.spilled };
  },
};

/** Checks and answers one request. Throws errors of the closed list. */
export async function answer(ground: MethodGround, connection: Connection, method: unknown, params: unknown): Promise<unknown> {
  if (typeof method !== 'string' || !Object.hasOwn(METHODS, method)) {
    throw new BerthError('bad-request', `there is no method ${JSON.stringify(method)}`);
  }
  return await dispatch(method as RunnerMethod, ground, connection, params);
}

/** The parser of a method gives what its handler takes. */
function dispatch<M extends RunnerMethod>(method: M, ground: MethodGround, connection: Connection, params: unknown) {
  return METHODS[method](PARAMS[method](params), ground, connection);
}
