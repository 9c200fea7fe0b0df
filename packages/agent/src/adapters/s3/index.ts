/** The object store on S3. */
export { S3ObjectStore, type S3Options } from './s3-store.js';
