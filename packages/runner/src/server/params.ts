/** The shapes of requests and of the welcome. What comes out has exactly the known fields, in a fixed order. */
import {
  BerthError,
  LANGUAGES,
  PROCESS_SIGNALS,
  RUN_SIGNALS,
  SERVICE_NAME_PATTERN,
  SERVICE_PROTOCOLS,
  type BatchRun,
  type QueryRun,
  type RetentionLimits,
  type RunId,
  type RunnerMethod,
  type RunnerMethods,
  type RunnerSpec,
  type RunRequest,
  type ServiceMark,
  type TerminalSize,
  type Welcome,
} from '@berth/wire';
import * as check from './check.js';

type Parsers = { readonly [M in RunnerMethod]: (params: unknown) => RunnerMethods[M]['params'] };

/** One parser per method. Each throws `bad-request`. */
export const PARAMS: Parsers = {
  start: (params) => ({ run: runRequest(check.object(params, 'params')['run']) }),
  runs: () => ({}),
  subscribe: (params) => {
    const { channel, run, from, window } = check.object(params, 'params');
    return {
      channel: check.integer(channel, 'channel', 1, 0xffff_ffff),
      run: check.id<RunId>(run, 'run'),
      from: check.integer(from, 'from', 1),
      window: check.integer(window, 'window', 1),
    };
  },
  unsubscribe: (params) => ({ channel: check.integer(check.object(params, 'params')['channel'], 'channel', 1, 0xffff_ffff) }),
  input: (params) => {
    const { run, offset, data, end } = check.object(params, 'params');
    return {
      run: check.id<RunId>(run, 'run'),
      offset: check.integer(offset, 'offset', 0),
      data: check.text(data, 'data'),
      end: check.flag(end, 'end'),
    };
  },
  signal: (params) => {
    const { run, signal } = check.object(params, 'params');
    return { run: check.id<RunId>(run, 'run'), signal: check.oneOf(signal, 'signal', RUN_SIGNALS) };
  },
  processes: () => ({}),
  signalProcess: (params) => {
    const { pid, signal } = check.object(params, 'params');
    return { pid: check.integer(pid, 'pid', 1, 2 ** 22), signal: check.oneOf(signal, 'signal', PROCESS_SIGNALS) };
  },
  resize: (params) => {
    const { run, size } = check.object(params, 'params');
    return { run: check.id<RunId>(run, 'run'), size: terminalSize(size, 'size') };
  },
  complete: (params) => {
    const { language, code, cursor } = check.object(params, 'params');
    const source = check.code(code, 'code');
    return {
      language: check.oneOf(language, 'language', LANGUAGES),
      code: source,
      cursor: check.integer(cursor, 'cursor', 0, source.length),
    };
  },
  connect: (params) => {
    const { channel, port, window } = check.object(params, 'params');
    return {
      channel: check.integer(channel, 'channel', 1, 0xffff_ffff),
      port: check.integer(port, 'port', 1, 65_535),
      window: check.integer(window, 'window', 1),
    };
  },
  definition: (params) => ({ name: serviceName(check.object(params, 'params')['name'], 'name') }),
  forget: (params) => ({ run: check.id<RunId>(check.object(params, 'params')['run'], 'run') }),
  shutdown: (params) => ({ graceMs: check.integer(check.object(params, 'params')['graceMs'], 'graceMs', 0, 600_000) }),
  memory: () => ({}),
};

function runRequest(value: unknown): RunRequest {
  const run = check.object(value, 'run');
  const mode = check.oneOf(run['mode'], 'mode', ['query', 'batch'] as const);
  const common = {
    runId: check.id<RunId>(run['runId'], 'runId'),
    ...check.optional(run, 'env', check.environment),
    ...check.optional(run, 'timeoutMs', (ms, name) => check.integer(ms, name, 1)),
    ...check.optional(run, 'durable', check.flag),
  };
  if (mode === 'query') {
    const language = check.oneOf(run['language'], 'language', LANGUAGES);
    return { ...common, mode, language, code: check.code(run['code'], 'code') } satisfies QueryRun;
  }
  const batch = {
    ...common,
    mode,
    argv: check.list(run['argv'], 'argv', (argument, name) => check.text(argument, name)),
    ...check.optional(run, 'interpreter', (language, name) => check.oneOf(language, name, LANGUAGES)),
    ...check.optional(run, 'stdin', (stdin, name) => check.oneOf(stdin, name, ['open', 'none'] as const)),
    ...check.optional(run, 'cwd', (cwd, name) => check.text(cwd, name, 4096)),
    ...check.optional(run, 'build', (build, name) => check.text(build, name, MOST_BUILD)),
    ...check.optional(run, 'clean', (clean, name) => check.text(clean, name, MOST_BUILD)),
    ...check.optional(run, 'terminal', terminalSize),
    ...check.optional(run, 'service', serviceMark),
  } satisfies BatchRun;
  if (batch.terminal && batch.stdin !== 'open') {
    throw new BerthError('bad-request', 'a run with a terminal needs an open standard input', { fields: { name: 'stdin' } });
  }
  return batch;
}

/** An argument that is longer cannot be given to a program. */
const MOST_BUILD = 128 * 1024;
/** As wire says; the system itself ends at 65,535. */
const MOST_CHARACTERS = 10_000;

function terminalSize(value: unknown, name: string): TerminalSize {
  const { rows, columns } = check.object(value, name);
  return {
    rows: check.integer(rows, `${name}.rows`, 1, MOST_CHARACTERS),
    columns: check.integer(columns, `${name}.columns`, 1, MOST_CHARACTERS),
  };
}

const MOST_PORTS = 16;

function serviceMark(value: unknown, name: string): ServiceMark {
  const mark = check.object(value, name);
  return {
    name: serviceName(mark['name'], `${name}.name`),
    protocol: check.oneOf(mark['protocol'], `${name}.protocol`, SERVICE_PROTOCOLS),
    ports: check.list(mark['ports'], `${name}.ports`, (port, at) => check.integer(port, at, 1, 65_535)).slice(0, MOST_PORTS),
  };
}

function serviceName(value: unknown, name: string): string {
  const text = check.text(value, name, 32);
  if (SERVICE_NAME_PATTERN.test(text)) return text;
  throw new BerthError('bad-request', `${name} must be letters, digits, _ and -`, { fields: { name } });
}

/** Throws `bad-request`. */
export function parseWelcome(value: unknown): Welcome {
  const { version, agent, epoch, token, spec } = check.object(value, 'welcome');
  return {
    version: check.integer(version, 'version', 0),
    agent: check.text(agent, 'agent', 256),
    epoch: check.integer(epoch, 'epoch', 0),
    token: check.hex(token, 'token', 32, 1024),
    spec: runnerSpec(check.object(spec, 'spec')),
  };
}

function runnerSpec(spec: Readonly<Record<string, unknown>>): RunnerSpec {
  return {
    uid: check.integer(spec['uid'], 'uid', 1, 0xffff_fffe),
    gid: check.integer(spec['gid'], 'gid', 1, 0xffff_fffe),
    env: check.environment(spec['env'], 'env'),
    deadManSeconds: check.integer(spec['deadManSeconds'], 'deadManSeconds', 1),
    lifetimeSeconds: spec['lifetimeSeconds'] === null ? null : check.integer(spec['lifetimeSeconds'], 'lifetimeSeconds', 1),
    retention: retentionLimits(check.object(spec['retention'], 'retention')),
    fifos: check.integer(spec['fifos'], 'fifos', 0, 1024),
  };
}

const retentionLimits = (limits: Readonly<Record<string, unknown>>): RetentionLimits => ({
  memoryBytes: check.integer(limits['memoryBytes'], 'memoryBytes', 64 * 1024),
  diskBytes: check.integer(limits['diskBytes'], 'diskBytes', 0),
  headBytes: check.integer(limits['headBytes'], 'headBytes', 0),
  tailBytes: check.integer(limits['tailBytes'], 'tailBytes', 0),
  deliveredBytes: check.integer(limits['deliveredBytes'], 'deliveredBytes', 0),
  finishedSeconds: check.integer(limits['finishedSeconds'], 'finishedSeconds', 0),
});
