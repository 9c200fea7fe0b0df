/** One HTTP call: address, key, JSON, and errors of the closed list. */
import { BerthError, errorFromBody } from '@berth/wire';
import { ROUTES, type BodyOf, type ReplyOf, type RouteName } from '@berth/wire/http';

/** Where a node is, and the key that it wants. */
export interface NodeAddress {
  /** For example `http://127.0.0.1:8081`. */
  readonly endpoint: string;
  readonly key: string;
}

/** Parts of a path, and query parameters, by name. */
export interface CallParts<Name extends RouteName> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: BodyOf<Name>;
  readonly signal?: AbortSignal | undefined;
}

/** Calls a route of the table. Errors: those of the node; `node-lost` when it does not answer; the signal's reason. */
export async function callRoute<Name extends RouteName>(
  address: NodeAddress,
  name: Name,
  parts: CallParts<Name>,
): Promise<ReplyOf<Name>> {
  const { method, path } = ROUTES[name];
  const { params = {}, query = {}, body, signal } = parts;
  const filled = path.replace(/:(\w+)/g, (_, param: string) => encodeURIComponent(params[param] ?? ''));
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = new URLSearchParams(given);
  const response = await request(address, `${filled}${search.size > 0 ? `?${search}` : ''}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...(signal ? { signal } : {}),
  });
  return (await readAll(address, response, () => response.json())) as ReplyOf<Name>;
}

/** A reply with a status of success. Errors as {@link callRoute}. */
export async function request({ endpoint, key }: NodeAddress, path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, endpoint), { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });
  } catch (error) {
    init.signal?.throwIfAborted();
    throw nodeLost(endpoint, error);
  }
  if (response.ok) return response;
  throw errorOfReply(await readAll({ endpoint }, response, () => response.text()), response.status);
}

/** The error that a refusal carries; something that is no node may answer with anything. */
export function errorOfReply(text: string, status: number): BerthError {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'object') return errorFromBody(error);
  } catch {
    // Told below.
  }
  return new BerthError('internal', `the node answered with status ${status}`, {
    fix: 'Check that the endpoint is that of a Berth node.',
  });
}

/** The error of a node that cannot be reached. */
export function nodeLost(endpoint: string, cause: unknown): BerthError {
  return new BerthError('node-lost', `the node at ${endpoint} does not answer`, { fields: { endpoint }, cause });
}

async function readAll<T>({ endpoint }: Pick<NodeAddress, 'endpoint'>, response: Response, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SyntaxError) throw errorOfReply('', response.status);
    throw nodeLost(endpoint, error);
  }
}
