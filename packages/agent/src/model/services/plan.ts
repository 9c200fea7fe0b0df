/** From a definition and what a caller asks to the program that is the service. Pure. */
import { BerthError, type BatchRun, type ServiceArgument, type ServiceMark, type ServiceRequest } from '@berth/wire';
import type { PrestartAction, ServiceDefinition } from './definition.js';
import { render, type Variables } from './template.js';

export interface PlanFacts {
  readonly mark: ServiceMark;
  /** Secret of this service in this incarnation of its kernel. */
  readonly token: string;
  /** What `{runtime_path}` stands for; undefined: whatever Python the image has. */
  readonly runtimePath: string | undefined;
}

export type ServiceProgram = Pick<BatchRun, 'argv' | 'interpreter' | 'env' | 'build'>;

/** In the place of a path that is not known: the runner finds the interpreter. Nothing that a definition can write. */
const PYTHON = '\0python';

/** The program; undefined when the service needs none (`noop`). Errors: `bad-request`. */
export function planService(
  definition: ServiceDefinition,
  request: Pick<ServiceRequest, 'arguments' | 'env'>,
  facts: PlanFacts,
): ServiceProgram | undefined {
  const { mark } = facts;
  refuseUnknown('argument', mark.name, Object.keys(request.arguments ?? {}), definition.allowed_arguments);
  refuseUnknown('variable', mark.name, Object.keys(request.env ?? {}), definition.allowed_envs);
  if (definition.noop) return undefined;
  if (definition.command.length === 0) {
    throw new BerthError('bad-request', `the definition of service ${mark.name} names no command`);
  }
  const { script, variables } = prepare(definition.prestart, variablesOf(facts), mark.name);
  const fixed = Object.entries(definition.env).map(([name, value]) => [name, render(value, variables)] as const);
  const [program, ...rest] = [
    ...definition.command.map((part) => render(part, variables)),
    ...Object.entries({ ...definition.default_arguments, ...request.arguments }).flatMap(([name, value]) => words(name, value)),
  ];
  if (rest.some((word) => word.includes(PYTHON))) {
    throw new BerthError('bad-request', `the image does not say what {runtime_path} of service ${mark.name} is`);
  }
  return {
    ...(program === PYTHON ? { interpreter: 'python', argv: rest } : { argv: [program!, ...rest] }),
    env: { ...Object.fromEntries(fixed), ...request.env },
    ...(script === '' ? {} : { build: script }),
  };
}

/** Where a browser begins; null unless it is a service for browsers. A template may name a whole URL: ours is another. */
export function pathOf(definition: Pick<ServiceDefinition, 'url_template'>, facts: PlanFacts): string | null {
  if (facts.mark.protocol !== 'http') return null;
  const address = { protocol: 'http', host: '127.0.0.1', port: String(facts.mark.ports[0]) };
  const url = render(definition.url_template, { ...variablesOf(facts), ...address });
  return url.replace(/^[a-z]+:\/\/[^/]*/, '').replace(/^(?!\/)/, '/');
}

const variablesOf = ({ mark, token, runtimePath }: PlanFacts): Variables => ({
  ports: mark.ports,
  token,
  runtime_path: runtimePath ?? PYTHON,
});

const words = (name: string, value: ServiceArgument): readonly string[] =>
  value === null ? [name] : typeof value === 'string' ? [name, value] : [name, ...value];

function refuseUnknown(what: string, service: string, given: readonly string[], allowed: readonly string[]): void {
  const unknown = given.find((name) => !allowed.includes(name));
  if (unknown === undefined) return;
  throw new BerthError('bad-request', `service ${service} takes no ${what} ${JSON.stringify(unknown)}`, {
    fix: allowed.length > 0 ? `Allowed are ${allowed.join(', ')}.` : `It takes no ${what} at all.`,
    fields: { name: unknown },
  });
}

/** The prestart actions as a shell script, which ends at the first failure, and what their results are called. */
function prepare(
  actions: readonly PrestartAction[],
  known: Variables,
  service: string,
): { readonly script: string; readonly variables: Variables } {
  let variables = known;
  const lines: string[] = [];
  for (const [index, action] of actions.entries()) {
    const temporary = `/tmp/.service-${service}-${index}`;
    lines.push(lineOf(action, variables, temporary));
    // What a command prints is known only when it has run: a template that names it is refused as unknown.
    if (action.ref && action.action === 'write_tempfile') variables = { ...variables, [action.ref]: temporary };
  }
  return { script: lines.length > 0 ? ['set -e', ...lines].join('\n') : '', variables };
}

function lineOf(action: PrestartAction, variables: Variables, temporary: string): string {
  const filled = (template: string) => quoted(render(template, variables));
  switch (action.action) {
    case 'mkdir':
      return `mkdir -p -- ${filled(action.args.path)}`;
    case 'write_file':
      return writing(filled(action.args.filename), action.args.body.map(filled), action.args.mode, action.args.append);
    case 'write_tempfile':
      return `rm -f -- ${temporary}\n${writing(temporary, action.args.body.map(filled), action.args.mode, false)}`;
    case 'run_command':
      return action.args.command.map(filled).join(' ');
    case 'log':
      return `printf '%s\\n' ${filled(action.args.body)}`;
  }
}

const writing = (file: string, lines: readonly string[], mode: string, append: boolean): string =>
  `printf '%s\\n' ${lines.join(' ')} ${append ? '>>' : '>'} ${file}\nchmod ${mode} -- ${file}`;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
