/** Errors as the manager's client knows them: the full name of a Python class, its arguments, and how Python shows it. */
import { isBerthError } from '@berth/wire';
import { type Packable } from './msgpack-value.js';
import { pythonRepr } from './python-repr.js';

/**
 * The classes of which manager 1.4.0 makes a native exception and then a failure of the agent. Of any other name its handling trips over
 * itself, and the session is not marked as failed.
 */
export type BuiltinError =
  | 'builtins.RuntimeError'
  | 'builtins.AssertionError'
  | 'builtins.FileNotFoundError'
  | 'builtins.KeyError'
  | 'builtins.ValueError';

/** The two that aiozmq's server makes of a call that does not reach a method. */
export type DispatchError = 'aiozmq.rpc.base.NotFoundError' | 'aiozmq.rpc.base.ParametersError';

/** What a method throws to have the caller see a Python exception of this class. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly type: BuiltinError | DispatchError;
  /** Never empty: the manager reads the first one. */
  readonly args: readonly [Packable, ...Packable[]];

  constructor(type: BuiltinError | DispatchError, ...args: readonly [Packable, ...Packable[]]) {
    super(typeof args[0] === 'string' ? args[0] : pythonRepr(args[0]));
    this.type = type;
    this.args = args;
  }
}

/** The body of an error reply: `[type, arguments, representation]`. */
export type ErrorTriple = readonly [type: string, args: readonly Packable[], representation: string];

/**
 * The triple of anything thrown. What is no {@link RpcError} becomes `builtins.RuntimeError` with its message; an error of the
 * closed list also tells its fix.
 */
export function errorTriple(thrown: unknown): ErrorTriple {
  const error = thrown instanceof RpcError ? thrown : new RpcError('builtins.RuntimeError', messageOf(thrown));
  const name = error.type.slice(error.type.lastIndexOf('.') + 1);
  return [error.type, error.args, `${name}(${error.args.map(pythonRepr).join(', ')})`];
}

function messageOf(thrown: unknown): string {
  if (isBerthError(thrown)) return `${thrown.message} ${thrown.fix}`;
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}
