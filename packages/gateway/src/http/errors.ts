/** From whatever was thrown to the one form in which errors leave the node. */
import { BerthError, toBerthError, type ErrorBody } from '@berth/wire';

/** `{error: ErrorBody}` */
export const bodyOf = (error: BerthError): { readonly error: ErrorBody } => ({ error: error.toJSON() });

/** An error of the closed list; what fastify found wrong with the request itself is named `bad-request` or `too-large`. */
export function errorOf(thrown: unknown): BerthError {
  const { code, statusCode, message } = thrown as { code?: unknown; statusCode?: unknown; message?: unknown };
  if (statusCode === 413) return new BerthError('too-large', 'the body is too large', { cause: thrown });
  if (typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' && statusCode < 500) {
    return new BerthError('bad-request', String(message), { cause: thrown });
  }
  return toBerthError(thrown);
}
