import { describe, expect, it } from 'vitest';
import { isDenied, s3Error } from './errors.js';

const where = { service: 'https://s3.example.com', bucket: 'outputs' };
const answer = (status: number | undefined, name: string, message = 'some words') =>
  Object.assign(new Error(message), { name, ...(status !== undefined && { $metadata: { httpStatusCode: status } }) });

describe('s3Error', () => {
  it.each([
    ['a wrong secret', answer(403, 'SignatureDoesNotMatch'), 'store-forbidden'],
    ['an unknown key', answer(403, 'InvalidAccessKeyId'), 'store-forbidden'],
    ['a key that may not', answer(403, 'AccessDenied'), 'store-forbidden'],
    ['no key', answer(401, 'Unauthorized'), 'store-forbidden'],
    ['a missing bucket', answer(404, 'NoSuchBucket'), 'store-unavailable'],
    ['something else behind the address', answer(404, 'NotFound'), 'store-unavailable'],
    ['another region', answer(301, 'PermanentRedirect'), 'store-unavailable'],
    ['another region, in the signature', answer(400, 'AuthorizationHeaderMalformed'), 'store-unavailable'],
    ['too much at once', answer(503, 'SlowDown'), 'store-unavailable'],
    ['too many', answer(429, 'TooManyRequests'), 'store-unavailable'],
    ['a fault of the service', answer(500, 'InternalError'), 'store-unavailable'],
    ['nobody there', answer(undefined, 'Error', 'connect ECONNREFUSED'), 'store-unavailable'],
    ['no answer', answer(undefined, 'TimeoutError'), 'store-unavailable'],
    ['a body that is too large', answer(400, 'EntityTooLarge'), 'bad-request'],
    ['a key that is too long', answer(400, 'KeyTooLongError'), 'bad-request'],
  ])('%s', (_, thrown, code) => {
    const error = s3Error(thrown, where);
    expect(error).toMatchObject({ code, fields: where });
    expect(error.message).toContain('outputs');
  });

  it('says what is to be done about a wrong clock', () => {
    expect(s3Error(answer(403, 'RequestTimeTooSkewed'), where).fix).toMatch(/clock/);
  });

  it('keeps one line of what was said, and nothing of the request', () => {
    const thrown = Object.assign(answer(403, 'SignatureDoesNotMatch', 'no\nAWS4-HMAC-SHA256'), { $response: { secret: 'x' } });
    const error = s3Error(thrown, where);
    expect(error.message).not.toContain('HMAC');
    expect(error.cause).toBeUndefined();
  });

  it('tells a key that may not from one that is not known', () => {
    expect([isDenied(answer(403, 'AccessDenied')), isDenied(answer(403, 'SignatureDoesNotMatch'))]).toEqual([true, false]);
  });
});
