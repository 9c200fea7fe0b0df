/** What etcd, gRPC or the network may answer, mapped onto the closed list. The only place that reads their words. */
import { DeadlineError } from '@berth/base';
import { BerthError, isBerthError, type ErrorCode } from '@berth/wire';

interface Row {
  readonly says: RegExp;
  readonly to: ErrorCode;
  readonly fix?: string;
}

const TLS_FIX = 'Check the certificates for etcd, and whether it speaks TLS at all.';

/** The first row that fits counts; without one it is `internal`. Tried on etcd 3.4; 3.5 uses the same words. */
export const ETCD_ERRORS: readonly Row[] = [
  { says: /authentication failed, invalid user ID or password/, to: 'coordinator-forbidden' },
  {
    says: /user name is empty|permission denied|invalid auth token|revision of auth store|UNAUTHENTICATED/,
    to: 'coordinator-forbidden',
  },
  {
    says: /certificate|self.signed|handshake|secure TLS connection|wrong version number|ssl3?_|tlsv1|SSL routines/i,
    to: 'coordinator-forbidden',
    fix: TLS_FIX,
  },
  { says: /too many operations|request is too large|larger than max/, to: 'too-large' },
  {
    says: /database space exceeded/,
    to: 'coordinator-unavailable',
    fix: 'Make room in etcd: compact and defragment it, then disarm its alarm.',
  },
  {
    says: /UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED|INTERNAL|no leader|request timed out|leader changed|server stopped/,
    to: 'coordinator-unavailable',
  },
  { says: /ECONN|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|Name resolution failed/, to: 'coordinator-unavailable' },
];

/** A lease that is no more. */
export const isLeaseLost = (thrown: unknown): boolean => /requested lease not found/.test(wordsOf(thrown));

/** The token was good once, or none was needed; a new one may do. */
export const isStaleToken = (thrown: unknown): boolean =>
  /invalid auth token|revision of auth store is old|user name is empty/.test(wordsOf(thrown));

/** etcd has no authentication, and was given a user all the same. */
export const hasNoUsers = (thrown: unknown): boolean => /authentication is not enabled/.test(wordsOf(thrown));

/** Another server of the cluster may do better. */
export const isUnreachable = (thrown: unknown): boolean => etcdError(thrown, '', '').code === 'coordinator-unavailable';

/** Error of the closed list for anything that a call threw. `what` is the step, for example `reading a key`. */
export function etcdError(thrown: unknown, what: string, address: string): BerthError {
  if (isBerthError(thrown)) return thrown;
  const about = { cause: thrown, fields: { address } };
  if (thrown instanceof DeadlineError || /DEADLINE_EXCEEDED/.test(wordsOf(thrown)))
    return new BerthError('coordinator-unavailable', `etcd at ${address} did not answer in time, ${what}`, about);
  const says = wordsOf(thrown);
  const row = ETCD_ERRORS.find((r) => r.says.test(says));
  const failed =
    row?.to === 'coordinator-unavailable' ? `etcd at ${address} cannot be used` : `etcd at ${address}: ${what} failed`;
  return new BerthError(
    row?.to ?? 'internal',
    `${failed}: ${gist(says)}`,
    row?.fix === undefined ? about : { ...about, fix: row.fix },
  );
}

const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** gRPC wraps the reason in layers of its own: `14 UNAVAILABLE: No connection established. Last error: Error: REASON. Resolution note: `. */
function gist(says: string): string {
  const last = /Last error: (.*?)\.? Resolution note:/s.exec(says)?.[1];
  const plain = (last ?? says).replace(/^(?:\w*Error: *)*(?:\d+ [A-Z_]+: *)?(?:etcdserver: *)?(?:Error: *)?/, '').trim();
  return plain.split('\n')[0] || 'no reason given';
}
