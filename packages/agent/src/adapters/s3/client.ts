/** The SDK, loaded when it is first needed: nodes without keys do not pay for it. */
import type { S3Client } from '@aws-sdk/client-s3';
import { serviceOf, usesPath, type BucketPlace } from './address.js';

/** In milliseconds. */
const TIMES = { connectionTimeout: 5_000, socketTimeout: 30_000 };

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Everything is given that the SDK would otherwise look for in the environment, in files of the user's home, or at the metadata service of
 * a cloud: what an operator has configured here is all that counts.
 */
export async function openClient(place: BucketPlace, keys: Keys): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  return new S3Client({
    region: place.region,
    endpoint: serviceOf(place),
    forcePathStyle: usesPath(place),
    credentials: { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
    // Who calls tries again: later, and in order.
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    requestHandler: TIMES,
    // Bodies are part of the signature; many services do not know the newer sums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    authSchemePreference: ['sigv4'],
    disableS3ExpressSessionAuth: true,
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    sigv4aSigningRegionSet: [],
    userAgentAppId: 'berth',
  });
}
