/** What a call asks for, as a run. Pure. */
import type { KernelView, RunId, RunRequest } from '@berth/wire';
import { RpcError } from '../../transport/rpc-error.js';
import { notesOf } from '../notes.js';
import { buildRule, execRule, replOf } from '../languages.js';

/** The language's own rule decides. */
const OWN_RULE = '*';

export type StartWish =
  { readonly mode: 'query'; readonly code: string } | { readonly mode: 'batch'; readonly build: string; readonly exec: string };

export interface StartFacts {
  readonly supervisor: KernelView['spec']['supervisor'];
  /** Name of the kernel, such as `python:3.6-debian`. */
  readonly lang: string;
  /** 0: none. */
  readonly timeoutSeconds: number;
}

export function startFacts({ spec }: Pick<KernelView, 'spec'>): StartFacts {
  const { lang = spec.image, execTimeoutSeconds: timeoutSeconds = 0 } = notesOf(spec) ?? {};
  return { supervisor: spec.supervisor, lang, timeoutSeconds };
}

/** Throws `RpcError`. */
export function parseWish(mode: StartWish['mode'], code: string, opts: Readonly<Record<string, unknown>>): StartWish {
  return mode === 'query' ? { mode, code } : { mode, build: command(opts, 'build'), exec: command(opts, 'exec') };
}

/** Everything of a run but its id. Throws `RpcError`. */
export function runRequest(wish: StartWish, { supervisor, lang, timeoutSeconds }: StartFacts): (runId: RunId) => RunRequest {
  // The runner of 2018 that an image brings along speaks its one language, and has rules of its own.
  const native = supervisor === 'kernel-runner';
  const common = { durable: true, ...(timeoutSeconds > 0 ? { timeoutMs: Math.ceil(timeoutSeconds * 1000) } : {}) };
  if (wish.mode === 'query') {
    const language = native ? 'python' : replOf(lang);
    if (!language) throw new RpcError('builtins.RuntimeError', `${lang} has no interactive session here: use the batch mode`);
    return (runId) => ({ runId, mode: 'query', language, code: wish.code, ...common });
  }
  const build = wish.build === OWN_RULE && !native ? buildRule(lang) : wish.build;
  const exec = wish.exec === OWN_RULE && !native ? execRule(lang) : wish.exec;
  return (runId) => ({ runId, mode: 'batch', build, argv: argvOf(exec, native), stdin: 'open', ...common });
}

function argvOf(exec: string, native: boolean): readonly string[] {
  if (exec === '') return [];
  return native && exec === OWN_RULE ? [OWN_RULE] : ['/bin/sh', '-c', exec];
}

/** Null and missing are empty (D33). */
function command(opts: Readonly<Record<string, unknown>>, name: 'build' | 'exec'): string {
  const value = Object.hasOwn(opts, name) ? opts[name] : undefined;
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new RpcError('builtins.ValueError', `opts.${name} is no text`);
}
