/** What the verbs of `berth etcd` have in common. */
import type * as AgentCommands from '@berth/agent/commands';
import type { Terminal } from '../terminal.js';

export type EtcdTools = Awaited<ReturnType<typeof AgentCommands.etcdTools>>;
export type Coordinator = Parameters<Parameters<EtcdTools['withCoordinator']>[1]>[0];

export interface EtcdCall {
  readonly tools: EtcdTools;
  readonly coordinator: Coordinator;
  /** After the verb. */
  readonly words: readonly string[];
  readonly values: { readonly file: string | undefined; readonly 'dry-run': boolean; readonly prune: boolean };
  readonly terminal: Terminal;
  readonly json: boolean;
}

export interface EtcdVerb {
  /** How many words follow it. */
  readonly words: { readonly min: number; readonly max: number };
  /** What is missing when there are too few; what it takes when there are too many. */
  readonly takes: string;
  /** The options that it knows beside those of every verb; `file` is then needed. */
  readonly options: readonly ('file' | 'dry-run' | 'prune')[];
  /** Resolves with the exit code. */
  run(call: EtcdCall): Promise<number>;
}
