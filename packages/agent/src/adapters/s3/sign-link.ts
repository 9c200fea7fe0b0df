/**
 * Links that anybody may follow for a while: signature version 4 in the query. Source: "Authenticating Requests: Using Query
 * Parameters (AWS Signature Version 4)" in Amazon's S3 API reference. Pure.
 */
import { createHash, createHmac } from 'node:crypto';
import { encoded } from './address.js';

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** Amazon's longest, in seconds. */
export const LONGEST_LINK_SECONDS = 7 * 24 * 3600;

/** `url` with a signature that lets anybody GET it from `now` (milliseconds since the epoch) on, for `seconds`. */
export function signedLink(url: URL, signer: Signer, now: number, seconds: number): string {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [time.slice(0, 8), signer.region, 's3', 'aws4_request'];
  const query = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', [signer.accessKeyId, ...scope].join('/')],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(seconds)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
    .map(([name, value]) => `${name}=${encoded(value!)}`)
    .join('&');
  const request = ['GET', url.pathname, query, `host:${url.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), createHash('sha256').update(request).digest('hex')].join('\n');
  const key = scope.reduce((above: string | Buffer, part) => hmac(above, part), `AWS4${signer.secretAccessKey}`);
  return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${hmac(key, text).toString('hex')}`;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
