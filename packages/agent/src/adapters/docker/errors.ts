/** What the Docker Engine or its socket may answer, mapped onto the closed list. The only place that reads Docker's words. */
import { DeadlineError } from '@berth/base';
import { BerthError, isBerthError, type ErrorCode } from '@berth/wire';

/** The shapes in which failures arrive: of the socket (`code`), or of the engine (`statusCode`, `json`). */
interface Failure {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly json?: unknown;
  readonly message?: unknown;
}

interface Row {
  /** Error code of the socket, or HTTP status. */
  readonly on: string | number;
  /** Must occur in the engine's message. */
  readonly says?: RegExp;
  readonly to: ErrorCode;
  readonly fix?: string;
}

const FREE_SPACE = 'Free space on the disk that holds the data of Docker (`docker system df`).';

/** The first row that fits counts; without one it is `create-failed`. */
export const DOCKER_ERRORS: readonly Row[] = [
  { on: 'ENOENT', to: 'driver-unavailable' },
  { on: 'ENOTSOCK', to: 'driver-unavailable' },
  { on: 'ECONNREFUSED', to: 'driver-unavailable' },
  { on: 'ECONNRESET', to: 'driver-unavailable' },
  { on: 'EPIPE', to: 'driver-unavailable' },
  { on: 'ENOTFOUND', to: 'driver-unavailable' },
  { on: 'EAI_AGAIN', to: 'driver-unavailable' },
  { on: 'EHOSTUNREACH', to: 'driver-unavailable' },
  { on: 'ENETUNREACH', to: 'driver-unavailable' },
  { on: 'ETIMEDOUT', to: 'driver-unavailable' },
  { on: 'EACCES', to: 'driver-forbidden' },
  { on: 'EPERM', to: 'driver-forbidden' },
  { on: 401, to: 'driver-forbidden' },
  { on: 403, to: 'driver-forbidden' },
  { on: 404, says: /no such image/i, to: 'image-not-found' },
  { on: 400, says: /client version .* is too/i, to: 'driver-unavailable', fix: 'Use a Docker Engine of version 20.10 or later.' },
  { on: 500, says: /no space left on device|disk quota exceeded/i, to: 'create-failed', fix: FREE_SPACE },
  { on: 503, to: 'driver-unavailable' },
];

/** Error of the closed list for anything that a call to Docker threw. `what` is the step, for example `creating the container`. */
export function dockerError(thrown: unknown, what: string): BerthError {
  if (isBerthError(thrown)) return thrown;
  if (thrown instanceof DeadlineError) return new BerthError('timeout', `Docker: ${thrown.message}`, { cause: thrown });
  const failure = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Failure;
  const says = messageOf(failure, thrown);
  const row = DOCKER_ERRORS.find((r) => (r.on === failure.code || r.on === failure.statusCode) && (r.says?.test(says) ?? true));
  return new BerthError(row?.to ?? 'create-failed', `${what} failed: ${says}`, {
    cause: thrown,
    ...(row?.fix === undefined ? {} : { fix: row.fix }),
  });
}

/** For an answer that Docker cannot have meant: nothing may be concluded from it. */
export const nonsense = (what: string): BerthError =>
  new BerthError('driver-unavailable', `${what} failed: what came is no answer of Docker`, {
    fix: 'Look at what stands between Berth and Docker, and at the log of Docker (`journalctl -u docker`).',
  });

/** What a registry may say, and what to do about it; the first that fits counts. */
const PULL_FIXES: readonly { readonly says: RegExp; readonly fix: string }[] = [
  { says: /no space left on device|disk quota exceeded/i, fix: FREE_SPACE },
  { says: /manifest unknown|manifest for .* not found|name unknown/i, fix: 'Check the name and the tag of the image.' },
  {
    says: /unauthorized|denied|no basic auth|authentication/i,
    fix: 'Check the name of the image, and user and password for the registry.',
  },
  { says: /invalid reference/i, fix: 'Write it as [REGISTRY/]NAME[:TAG].' },
  {
    says: /dial tcp|lookup .*:|connection re|timeout|EOF|server gave HTTP response/i,
    fix: 'Check the address of the registry and the network of the node.',
  },
];

/** Error of the closed list for a pull that failed: `pull-failed` for all that the engine or the registry said. */
export function pullError(thrown: unknown, reference: string): BerthError {
  if (isBerthError(thrown)) return thrown;
  const { statusCode } = (thrown ?? {}) as Failure;
  const what = `pulling ${reference}`;
  if (typeof statusCode !== 'number') return dockerError(thrown, what);
  return pullFailed(reference, messageOf(thrown as Failure, thrown).replace(/^\(HTTP code \d+\) [\w ]+ - /, ''));
}

/** What an engine tells within the stream, as an error. */
export function pullFailed(reference: string, says: string): BerthError {
  const fix = PULL_FIXES.find((row) => row.says.test(says))?.fix;
  return new BerthError('pull-failed', `pulling ${reference} failed: ${says.trim()}`, {
    fields: { reference },
    ...(fix === undefined ? {} : { fix }),
  });
}

/** True for an answer of the engine with this HTTP status. */
export const hasStatus = (thrown: unknown, status: number): boolean => (thrown as Failure | null)?.statusCode === status;

/** True when the engine is still busy with an earlier removal, or with letting go of a file system. */
export function isBusy(thrown: unknown): boolean {
  const { statusCode, message } = thrown as { statusCode?: number; message?: string };
  return statusCode === 409 || (statusCode === 500 && /device or resource busy|driver failed to remove/i.test(message ?? ''));
}

function messageOf({ json, message }: Failure, thrown: unknown): string {
  const told = (json as { message?: unknown } | null | undefined)?.message ?? message ?? String(thrown);
  return String(told).trim();
}
