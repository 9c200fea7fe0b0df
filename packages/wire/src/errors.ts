/**
 * The closed list of errors. Every layer maps what it meets onto one of these codes; callers look at the code, never at the
 * text. docs/errors.md is tested against this table.
 *
 * `status` is the HTTP status, `exit` the exit code of the command line (BSD sysexits, so that they stay clear of what user
 * programs return), `fix` what a person should do when nothing more precise is known.
 */
export const ERRORS = {
  'bad-request': { status: 400, exit: 64, fix: 'Correct the named value and try again.' },
  'bad-usage': { status: 400, exit: 64, fix: 'See `berth help`.' },
  unauthorized: { status: 401, exit: 77, fix: 'Pass the key that the node keeps in the file `key` of its data directory.' },
  'no-such-session': { status: 404, exit: 69, fix: 'List the sessions with `berth ps -a`.' },
  'no-such-run': { status: 404, exit: 69, fix: 'The run is unknown or its output is no longer kept.' },
  'no-such-process': { status: 404, exit: 69, fix: 'List the processes with `berth processes`.' },
  'no-such-file': { status: 404, exit: 66, fix: 'Check the path; it is relative to /home/work.' },
  'image-not-found': {
    status: 404,
    exit: 69,
    fix: 'Pull the image first (`docker pull IMAGE`), or use the built-in image `host`.',
  },
  'pull-failed': { status: 502, exit: 69, fix: 'Check the name of the image, the network, and the credentials of the registry.' },
  'session-exists': { status: 409, exit: 73, fix: 'Choose another name, or remove the session with `berth rm`.' },
  'run-conflict': { status: 409, exit: 73, fix: 'Use a new run id for a different run.' },
  'session-ended': { status: 410, exit: 69, fix: 'Start a new session.' },
  'session-paused': { status: 409, exit: 75, fix: 'Let it go on with `berth resume`.' },
  'too-large': { status: 413, exit: 65, fix: 'Send less at once.' },
  'language-missing': { status: 422, exit: 69, fix: 'Use an image that has the interpreter, or another language.' },
  'terminal-missing': {
    status: 422,
    exit: 69,
    fix: 'Start the run with a terminal; the node needs glibc 2.28 or later to give one.',
  },
  'no-such-service': { status: 404, exit: 69, fix: 'List the services of the session with `berth services SESSION`.' },
  'service-unreachable': {
    status: 502,
    exit: 69,
    fix: 'Check that the service runs (`berth services SESSION`) and listens on this port of 127.0.0.1.',
  },
  'too-many-tunnels': { status: 503, exit: 75, fix: 'Close connections to services of this session first.' },
  'unsafe-path': { status: 422, exit: 65, fix: 'Use a relative path below /home/work that passes no link.' },
  'disk-full': {
    status: 507,
    exit: 74,
    fix: 'Remove files from /home/work that are not needed, or ask the operator for more room.',
  },
  'path-too-long': { status: 422, exit: 78, fix: 'Use a shorter path.' },
  'resources-short': { status: 503, exit: 75, fix: 'Ask for less, or end other sessions.' },
  'create-failed': {
    status: 500,
    exit: 70,
    fix: 'The message says which step failed; `berth status` shows the state of the driver.',
  },
  'driver-unavailable': {
    status: 503,
    exit: 69,
    fix: 'Start Docker (`systemctl start docker`) or set DOCKER_HOST to its socket; or do without Docker: install bubblewrap (`apt-get install bubblewrap`) and use --driver sandbox.',
  },
  'driver-forbidden': { status: 503, exit: 77, fix: 'Add the user to the group `docker` and log in again.' },
  'coordinator-unavailable': {
    status: 503,
    exit: 69,
    fix: 'Check that etcd runs and that --etcd-addr (BACKEND_ETCD_ADDR) is its address.',
  },
  'coordinator-forbidden': { status: 503, exit: 77, fix: 'Check user, password and certificates for etcd.' },
  'store-unavailable': {
    status: 503,
    exit: 69,
    fix: 'Check that the object store runs, and AWS_S3_ENDPOINT, AWS_REGION and AWS_S3_BUCKET.',
  },
  'store-forbidden': {
    status: 503,
    exit: 77,
    fix: 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what this key may do with the bucket.',
  },
  'no-such-key': { status: 404, exit: 69, fix: 'List the keys with `berth etcd ls`.' },
  'runner-lost': { status: 502, exit: 70, fix: 'Start a new session.' },
  'runner-incompatible': {
    status: 502,
    exit: 76,
    fix: 'Restart the session; it was started by a Berth that this one cannot speak to.',
  },
  'state-unwritable': {
    status: 507,
    exit: 74,
    fix: 'Free space in the data directory, or set BERTH_DATA_DIR to a writable place.',
  },
  'data-dir-locked': {
    status: 409,
    exit: 73,
    fix: 'Another node uses this data directory: stop it with `berth down`, or set BERTH_DATA_DIR.',
  },
  'scratch-unusable': {
    status: 507,
    exit: 78,
    fix: 'Make the directory and give it to the user of the agent (`mkdir -p DIR && chown USER DIR`), or name another with --scratch-root.',
  },
  'port-in-use': { status: 409, exit: 73, fix: 'Choose another address with --listen, for example --listen 127.0.0.1:0.' },
  'node-not-running': { status: 503, exit: 69, fix: 'Start it with `berth up --detach`.' },
  'node-lost': { status: 503, exit: 75, fix: 'Start the node again with `berth up --detach`; its sessions are kept.' },
  'bad-config': { status: 400, exit: 78, fix: 'Correct the named setting.' },
  'file-unreadable': { status: 400, exit: 66, fix: 'Check that the file exists and may be read.' },
  'old-node': { status: 500, exit: 78, fix: 'Install Node.js 20.19 or later.' },
  timeout: { status: 504, exit: 75, fix: 'Try again; if it stays so, `berth status` says what is slow.' },
  cancelled: { status: 499, exit: 130, fix: 'Nothing to do: the caller went away.' },
  'shutting-down': { status: 503, exit: 75, fix: 'The node is stopping; start it again with `berth up`.' },
  internal: { status: 500, exit: 70, fix: 'This is a defect in Berth; please report it with the log.' },
} as const satisfies Record<string, { status: number; exit: number; fix: string }>;

/** One of the codes of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** The form in which an error travels over HTTP, the runner link and `-o json`. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
  /** Values that took part, by name; never secrets. */
  readonly fields?: Readonly<Record<string, string | number | boolean | null>>;
}

/** An error of the closed list. `message` says what is wrong and which value; `fix` says what to do. */
export class BerthError extends Error {
  override readonly name = 'BerthError';
  readonly code: ErrorCode;
  readonly fix: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      readonly fix?: string;
      readonly fields?: Readonly<Record<string, string | number | boolean | null>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.fix = more.fix ?? ERRORS[code].fix;
    this.fields = more.fields ?? {};
  }

  /** HTTP status of this error. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Exit code of a command that ends with this error. */
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  toJSON(): ErrorBody {
    return { code: this.code, message: this.message, fix: this.fix, fields: this.fields };
  }
}

/** True for errors of the closed list, also when the class comes from a second copy of this package. */
export function isBerthError(error: unknown): error is BerthError {
  return error instanceof Error && error.name === 'BerthError' && 'code' in error;
}

/** Rebuilds an error that travelled as {@link ErrorBody}; an unknown code becomes `internal`. */
export function errorFromBody(body: unknown): BerthError {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Partial<ErrorBody>;
  const code = typeof b.code === 'string' && Object.hasOwn(ERRORS, b.code) ? b.code : 'internal';
  const message = typeof b.message === 'string' ? b.message : 'an error without a message';
  return new BerthError(code, message, {
    ...(typeof b.fix === 'string' ? { fix: b.fix } : {}),
    ...(typeof b.fields === 'object' && b.fields !== null ? { fields: b.fields } : {}),
  });
}

/** Anything thrown, as an error of the closed list: unknown things become `internal` with the original as cause. */
export function toBerthError(thrown: unknown): BerthError {
  if (isBerthError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BerthError('internal', message, { cause: thrown });
}
