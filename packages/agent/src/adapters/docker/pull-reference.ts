import { BerthError } from '@berth/wire';

/** A name that a registry can be asked for, as Docker's API wants it. */
export interface PullReference {
  readonly repository: string;
  /** A tag, or a digest `sha256:...`. Never empty: without it Docker would pull all tags there are. */
  readonly tag: string;
}

const LIMIT = 1024;
/** Registry and path; then a tag, a digest or both. Docker itself checks the rest. */
const FORM =
  /^(?<repository>[A-Za-z0-9][\w.-]*(?::\d{1,5}(?=\/))?(?:\/[a-z0-9][a-z0-9._-]*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[a-z0-9]+:[0-9a-fA-F]{32,}))?$/;

/** Takes a reference apart; `latest` where nothing is said. Errors: `pull-failed` for what is none. Pure. */
export function pullReference(text: string): PullReference {
  const parts = text.length <= LIMIT ? FORM.exec(text)?.groups : undefined;
  if (!parts) throw new BerthError('pull-failed', `${JSON.stringify(text.slice(0, LIMIT))} is not the name of an image`);
  return { repository: parts['repository']!, tag: parts['digest'] ?? parts['tag'] ?? 'latest' };
}
