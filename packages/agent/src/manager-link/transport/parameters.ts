/** What a method takes, and how a call's arguments are bound to it: as Python binds them, with Python's words when they do not fit. */
import { type Packed, type PackedMap } from './msgpack-value.js';
import { pythonRepr } from './python-repr.js';
import { RpcError } from './rpc-error.js';

/** Kind of an argument, in Python's words. `any` is not looked at. */
export type ParameterKind = 'str' | 'int' | 'float' | 'bool' | 'bytes' | 'list' | 'dict' | 'any';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  /** Nil is taken too. */
  readonly nullable?: boolean;
  /** May be left out; then it is absent from what the method gets. */
  readonly optional?: boolean;
}

/** In the order of their position. */
export type ParameterList = readonly Parameter[];

/** Arguments by name. Without prototype. */
export type BoundArguments = PackedMap;

/**
 * Binds as `inspect.signature(method).bind(*positional, **keyword)` does, then looks at the kinds. Throws an {@link RpcError}
 * with aiozmq's `ParametersError`.
 */
export function bindArguments(parameters: ParameterList, positional: readonly Packed[], keyword: PackedMap): BoundArguments {
  const bound = Object.create(null) as Record<string, Packed>;
  if (positional.length > parameters.length) throw parametersError('too many positional arguments');
  parameters.forEach(({ name, optional }, index) => {
    const named = Object.hasOwn(keyword, name);
    if (index < positional.length) {
      if (named) throw parametersError(`multiple values for argument ${pythonRepr(name)}`);
      bound[name] = positional[index]!;
    } else if (named) bound[name] = keyword[name]!;
    else if (!optional) throw parametersError(`missing a required argument: ${pythonRepr(name)}`);
  });
  for (const name of Object.keys(keyword))
    if (!Object.hasOwn(bound, name)) throw parametersError(`got an unexpected keyword argument ${pythonRepr(name)}`);
  for (const parameter of parameters) if (Object.hasOwn(bound, parameter.name)) checkKind(parameter, bound[parameter.name]!);
  return bound;
}

function checkKind({ name, kind, nullable }: Parameter, value: Packed): void {
  const actual = kindOf(value);
  if (kind === 'any' || kind === actual || (nullable && value === null)) return;
  // On the wire a whole number may stand for a float, as in Python.
  if (kind === 'float' && actual === 'int') return;
  const wanted = nullable ? `${kind} or None` : kind;
  throw parametersError(`argument ${pythonRepr(name)} must be ${wanted}, not ${actual}`);
}

function kindOf(value: Packed): ParameterKind | 'NoneType' {
  if (value === null) return 'NoneType';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'str';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    default:
      if (Buffer.isBuffer(value)) return 'bytes';
      return Array.isArray(value) ? 'list' : 'dict';
  }
}

function parametersError(words: string): RpcError {
  return new RpcError('aiozmq.rpc.base.ParametersError', `TypeError(${pythonRepr(words)})`);
}
