/** What a method is to the server. */
import { type Packable } from './msgpack-value.js';
import { type BoundArguments, type ParameterList } from './parameters.js';

export interface RpcContext {
  /** Name of the method. */
  readonly method: string;
  /** Aborts when the server stops. A caller that goes away does not abort: ZeroMQ tells of it only at the reply. */
  readonly signal: AbortSignal;
}

export interface RpcMethod {
  readonly parameters: ParameterList;
  /** Further ways to call it; the first list that fits is bound, and the error is that of `parameters`. */
  readonly alternatives?: readonly ParameterList[];
  /** Absent results are nil. Throws an `RpcError`, or anything else, which becomes `builtins.RuntimeError`. */
  call(args: BoundArguments, context: RpcContext): Promise<Packable | DeliveredResult | void> | Packable | DeliveredResult | void;
}

export type RpcMethods = Readonly<Record<string, RpcMethod>>;

/** A result whose method wants to know what became of its reply. */
export class DeliveredResult {
  readonly value: Packable;
  readonly onDelivered: (delivered: boolean) => void;

  constructor(value: Packable, onDelivered: (delivered: boolean) => void) {
    this.value = value;
    this.onDelivered = onDelivered;
  }
}

/**
 * A result, and who is told once whether its reply was handed to a connection whose other end was still there. False means that
 * the caller is gone, or did not read its replies. True is no receipt: the protocol has none.
 */
export function withDelivery(value: Packable, onDelivered: (delivered: boolean) => void): DeliveredResult {
  return new DeliveredResult(value, onDelivered);
}
