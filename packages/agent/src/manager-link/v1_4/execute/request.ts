/** What a call asks for, as a run. Pure. */
import type { KernelView, RunId, RunRequest } from '@berth/wire';
import { RpcError } from '../../transport/rpc-error.js';
import { buildRule, execRule, replOf } from '../languages.js';

/** The runner's own rule decides; only the runner of 2018 that an image brings along has one. */
const OWN_RULE = '*';

export interface StartWish {
  readonly mode: 'query' | 'batch';
  readonly code: string;
  readonly opts: Readonly<Record<string, unknown>>;
}

export interface StartFacts {
  readonly supervisor: KernelView['spec']['supervisor'];
  /** Name of the kernel, such as `python:3.6-debian`. */
  readonly lang: string;
  /** 0: none. */
  readonly timeoutSeconds: number;
}

/** Everything of a run but its id. Throws `RpcError`. */
export function runRequest(wish: StartWish, facts: StartFacts): (runId: RunId) => RunRequest {
  const common = { durable: true, ...(facts.timeoutSeconds > 0 ? { timeoutMs: Math.ceil(facts.timeoutSeconds * 1000) } : {}) };
  if (wish.mode === 'query') {
    const language = facts.supervisor === 'kernel-runner' ? 'python' : replOf(facts.lang);
    if (!language) {
      throw new RpcError('builtins.RuntimeError', `${facts.lang} has no interactive session here: use the batch mode`);
    }
    return (runId) => ({ runId, mode: 'query', language, code: wish.code, ...common });
  }
  const native = facts.supervisor === 'kernel-runner';
  const given = { build: command(wish.opts, 'build'), exec: command(wish.opts, 'exec') };
  const build = given.build === OWN_RULE && !native ? buildRule(facts.lang) : given.build;
  const exec = given.exec === OWN_RULE && !native ? execRule(facts.lang) : given.exec;
  return (runId) => ({ runId, mode: 'batch', build, argv: argvOf(exec, native), stdin: 'open', ...common });
}

function argvOf(exec: string, native: boolean): readonly string[] {
  if (exec === '') return [];
  return native && exec === OWN_RULE ? [OWN_RULE] : ['/bin/sh', '-c', exec];
}

/** Null and missing are empty (D33). */
function command(opts: StartWish['opts'], name: 'build' | 'exec'): string {
  const value = Object.hasOwn(opts, name) ? opts[name] : undefined;
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new RpcError('builtins.ValueError', `opts.${name} is no text`);
}
