/** What is asked for by the words and options of `berth app`. Pure. */
import type { ServiceArgument, ServiceRequest, TunnelTarget } from '@berth/wire';
import { parseVariable } from '../args/values.js';

export interface AppWords {
  /** Name of a service, or a port of the session. */
  readonly name: string;
  readonly kernelPort: string | undefined;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly command: readonly string[] | undefined;
}

export interface AppPlan {
  /** Undefined: nothing is started, the port is somebody's already. */
  readonly service: ServiceRequest | undefined;
  readonly target: TunnelTarget;
}

/** A text says what is wrong. */
export function planApp({ name, kernelPort, args, env, command }: AppWords): AppPlan | string {
  const own = portOf(name);
  const port = kernelPort === undefined ? own : portOf(kernelPort);
  if (kernelPort !== undefined && port === undefined)
    return `--kernel-port is ${JSON.stringify(kernelPort)}: it must be 1 to 65535`;
  if (own === undefined && /^\d+$/.test(name)) return `${name} is no port: it must be 1 to 65535`;
  const variables = env.map((text) => parseVariable(text));
  const odd = variables.findIndex((variable) => variable === undefined);
  if (odd >= 0) return `--env is ${JSON.stringify(env[odd])}: it must be NAME=VALUE`;
  if (own !== undefined && command === undefined) {
    if (args.length > 0 || env.length > 0) return 'a port takes no --arg and no --env; a service does';
    return { service: undefined, target: { port: own } };
  }
  if (command?.length === 0) return '`berth app` needs a command after --';
  if (command && port === undefined) return 'a command needs --kernel-port, the port on which it listens';
  const service = own === undefined ? name : `port-${own}`;
  return {
    service: {
      name: service,
      ...(port === undefined ? {} : { port }),
      ...(command ? { command } : {}),
      ...(args.length > 0 ? { arguments: argumentsOf(args) } : {}),
      ...(env.length > 0 ? { env: Object.fromEntries(variables as [string, string][]) } : {}),
    },
    target: { service },
  };
}

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** `--debug` alone, or `--name=value`; one that is given again has several values. */
function argumentsOf(texts: readonly string[]): Record<string, ServiceArgument> {
  const found = new Map<string, string[]>();
  for (const text of texts) {
    const [name, value] = parseVariable(text) ?? [text];
    found.set(name, [...(found.get(name) ?? []), ...(value === undefined ? [] : [value])]);
  }
  return Object.fromEntries(
    [...found].map(([name, values]) => [name, values.length === 0 ? null : values.length === 1 ? values[0]! : values]),
  );
}
