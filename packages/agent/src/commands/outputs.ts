/** The object store of a node, as its settings want it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { S3ObjectStore } from '../adapters/s3/index.js';
import type { AgentSettings } from '../config/agent-settings.js';
import { quietSdk } from '../config/quiet-sdk.js';
import { OutputUploads, type UploadsOptions } from '../files/outputs/output-uploads.js';
import type { Logger } from '../ports/logger.js';

/** Below the scratch root: copies need the room that files of kernels need, and journals must not be short of it. */
const OUTBOX = '.berth-outbox';

/** Undefined without keys: then nothing is uploaded. Errors: those of the disk. */
export async function startOutputs(
  settings: AgentSettings,
  open: UploadsOptions['open'],
  logger: Logger,
): Promise<OutputUploads | undefined> {
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey, awsS3Bucket: bucket } = settings;
  const directory = join(settings.scratchRoot, OUTBOX);
  if (!accessKeyId || !secretAccessKey || !bucket) {
    const left = await readdir(directory).catch(() => []);
    const files = left.filter((name) => name.endsWith('.json')).length;
    if (files > 0) logger.warn({ files }, `output files in ${directory} wait for an object store, and there are no keys for one`);
    return undefined;
  }
  quietSdk();
  const store = new S3ObjectStore({
    ...{ accessKeyId, secretAccessKey, bucket },
    region: settings.awsRegion,
    endpoint: settings.awsS3Endpoint,
    pathStyle: settings.awsS3PathStyle,
    publicRead: settings.awsS3PublicRead,
  });
  return OutputUploads.start({ store, directory, prefix: settings.awsS3BucketPath, open, logger });
}
