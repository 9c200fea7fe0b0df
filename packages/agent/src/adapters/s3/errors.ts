/** What S3 or the network may answer, mapped onto the closed list. The only place that reads S3's words. */
import { BerthError, isBerthError } from '@berth/wire';

/** Answers of status 400 that say something about the service or about us, and nothing about one object. */
const OF_SERVICE: readonly string[] = [
  'AuthorizationHeaderMalformed',
  'InvalidRegion',
  'RequestTimeout',
  'SlowDown',
  'IllegalLocationConstraintException',
];

/** These say that the key is known and good, but may not do this. */
const MAY_NOT: readonly string[] = ['AccessDenied', 'AllAccessDisabled'];

interface Answered {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** True when the store knew us, and refused what we asked for. */
export const isDenied = (thrown: unknown): boolean => MAY_NOT.includes((thrown as Answered).name ?? '');

/** Error of the closed list for anything that a call threw. What the SDK threw is not kept as a cause: it holds whole requests. */
export function s3Error(thrown: unknown, where: { readonly service: string; readonly bucket: string }): BerthError {
  if (isBerthError(thrown)) return thrown;
  const { name = '', message = '', $metadata } = thrown as Answered;
  const status = $metadata?.httpStatusCode;
  const said = [name === 'Error' ? '' : name, message.split('\n')[0]].filter(Boolean).join(': ');
  const words = said || (status === undefined ? 'no reason given' : `status ${status}`);
  const at = `the bucket ${where.bucket} of ${where.service}`;
  const fields = { ...where };
  if (status === 401 || status === 403)
    return new BerthError('store-forbidden', `${at} does not let us in: ${words}`, {
      fields,
      ...(name === 'RequestTimeTooSkewed' && { fix: 'Set the clock of this machine.' }),
    });
  if (name === 'NoSuchBucket')
    return new BerthError('store-unavailable', `${at} does not exist`, {
      fields,
      fix: 'Make it, or name another with AWS_S3_BUCKET.',
    });
  if (status !== undefined && status >= 400 && status < 500 && status !== 404 && status !== 429 && !OF_SERVICE.includes(name))
    return new BerthError('bad-request', `${at} does not take an object: ${words}`, { fields });
  return new BerthError('store-unavailable', `${at} cannot be used: ${words}`, { fields });
}
