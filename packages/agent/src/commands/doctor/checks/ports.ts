/** Ports that the node binds. */
import { isBerthError } from '@berth/wire';
import { checkPortFree } from '../../../config/checks.js';
import type { PortRange, SettingName } from '../../../config/agent-settings.js';
import { isLocked } from '../../lock.js';
import type { DoctorContext } from '../context.js';
import { check, green, red, worst, yellow, type CheckEntry } from '../finding.js';
import { text } from '../look.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `node.${id}`, group: 'node', title });

export interface PortFacts {
  readonly host: string;
  readonly port: number;
  /** Why it cannot be bound, and what to do; undefined when it can. */
  readonly problem: { readonly message: string; readonly fix: string } | undefined;
  /** A node of ours runs on these directories, and may be what uses it. */
  readonly nodeRuns: boolean;
}

async function look({ settings }: DoctorContext, host: string, port: number, setting: SettingName): Promise<PortFacts> {
  const problem = await checkPortFree(host, port, setting).then(
    () => undefined,
    (error: unknown) => {
      if (isBerthError(error)) return { message: error.message, fix: error.fix };
      throw error;
    },
  );
  return { host, port, problem, nodeRuns: await isLocked(settings.dataDir) };
}

export const judgePort = ({ host, port, problem, nodeRuns }: PortFacts) => {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!problem) return green(port === 0 ? `any port of ${host}` : `${where} is free`);
  return nodeRuns ? green(`${where} is in use, and the node runs`) : red(problem.message, problem.fix);
};

export const gateway = check(
  entry('port', 'port for local commands'),
  (context: DoctorContext) => look(context, context.settings.listen.host, context.settings.listen.port, 'listen'),
  judgePort,
);

export const rpc = {
  ...check(
    entry('rpc-port', 'port for RPC of the manager'),
    (context: DoctorContext) => {
      const { agentBind, agentPort } = context.settings.managed!;
      return look(context, agentBind, agentPort, 'agentPort');
    },
    judgePort,
  ),
  needs: 'manager' as const,
};

export interface RangeFacts {
  readonly range: PortRange;
  readonly taken: readonly number[];
  /** From which the kernel takes ports for outgoing connections. */
  readonly ephemeral: PortRange | undefined;
}

/** In turn, so that few descriptors are open. */
async function takenOf({ first, last }: PortRange, host: string): Promise<number[]> {
  const taken: number[] = [];
  for (let port = first; port <= last; port++) {
    await checkPortFree(host, port, 'terminalPortRange').catch(() => void taken.push(port));
  }
  return taken;
}

async function ephemeralRange(): Promise<PortRange | undefined> {
  const [first, last] = ((await text('/proc/sys/net/ipv4/ip_local_port_range')) ?? '').split(/\s+/).map(Number);
  return first && last ? { first, last } : undefined;
}

export const terminals = {
  ...check(
    entry('terminal-ports', 'ports for terminals'),
    async ({ settings }: DoctorContext): Promise<RangeFacts> => {
      const { terminalPortRange: range, agentBind } = settings.managed!;
      return { range, taken: await takenOf(range, agentBind), ephemeral: await ephemeralRange() };
    },
    ({ range, taken, ephemeral }) => {
      const all = range.last - range.first + 1;
      const fix = 'Choose another range with --terminal-port-range (BERTH_TERMINAL_PORT_RANGE).';
      const says = `${all - taken.length} of ${all} ports from ${range.first} to ${range.last} are free`;
      const overlaps = ephemeral !== undefined && range.first <= ephemeral.last && ephemeral.first <= range.last;
      return worst([
        taken.length === all ? red(says, fix) : taken.length > all / 2 ? yellow(says, fix) : green(says),
        ...(overlaps
          ? [
              yellow(
                `outgoing connections of this machine take from ${ephemeral.first} to ${ephemeral.last}, and so from these`,
                fix,
              ),
            ]
          : []),
      ]);
    },
  ),
  needs: 'manager' as const,
};
