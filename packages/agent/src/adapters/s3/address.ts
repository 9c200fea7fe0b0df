/** Addresses of buckets and objects. Pure. */
import { isIP } from 'node:net';

export interface BucketPlace {
  /** Of the service, without a slash at its end. Undefined: Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** The bucket is in the path, and not in the host. */
  readonly pathStyle: boolean;
}

/** Names that can be one label of a host name. Dots would not fit the certificate of the service. */
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$/;

/** URL of the service. */
export const serviceOf = ({ endpoint, region }: BucketPlace): string =>
  endpoint ?? `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

/** True where the bucket has to be in the path: asked for, or because it cannot be part of a host name. */
export function usesPath(place: BucketPlace): boolean {
  const { hostname } = new URL(serviceOf(place));
  return place.pathStyle || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || !HOST_LABEL.test(place.bucket);
}

/** URL of an object, without a signature. */
export function objectUrl(place: BucketPlace, key: string): URL {
  const url = new URL(serviceOf(place));
  const below = url.pathname.replace(/\/$/, '');
  const inPath = usesPath(place);
  if (!inPath) url.hostname = `${place.bucket}.${url.hostname}`;
  url.pathname = `${below}${inPath ? `/${encoded(place.bucket)}` : ''}/${key.split('/').map(encoded).join('/')}`;
  return url;
}

/** As RFC 3986 and signatures have it: all but letters, digits and `-._~`. */
export const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
