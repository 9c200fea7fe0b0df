/** More bytes, entries or levels than a caller allows. */
export class TooMuchError extends Error {
  override readonly name = 'TooMuchError';
}
