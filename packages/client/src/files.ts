/** Files of a session, below /home/work. */
import type { ExtractedFiles, FileChange, FileEntry } from '@berth/wire';
import type { BodyOf, ReplyOf, RouteName } from '@berth/wire/http';
import { nodeLost, type CallParts } from './http.js';

export type Content = Uint8Array | ReadableStream<Uint8Array>;

export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends TransferOptions {
  /** Hexadecimal; the node then writes nothing else. */
  readonly sha256?: string | undefined;
  /** Permission bits; default 0666, less the umask of the node. */
  readonly mode?: number | undefined;
}

export interface GetOptions extends TransferOptions {
  /** First byte wanted. */
  readonly from?: number | undefined;
  /** Of the file whose rest is wanted: another one comes whole. */
  readonly etag?: string | undefined;
}

export interface OpenedFile {
  /** First byte of `content`: 0, or what was asked for. */
  readonly from: number;
  /** Of the whole file. */
  readonly size: number;
  /** Names this content of the file. */
  readonly etag: string;
  /** As it comes. A connection that is lost half-way is `node-lost`, never a short file. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Gives a reply with a status of success, and the address it came from. */
type RawCall = (path: string, init: RequestInit) => Promise<{ readonly response: Response; readonly endpoint: string }>;

export abstract class FileClient {
  protected abstract call<Name extends RouteName>(name: Name, parts?: CallParts<Name>): Promise<ReplyOf<Name>>;
  protected abstract readonly raw: RawCall;

  /** Entries of a directory; default the top. */
  async listFiles(session: string, path?: string): Promise<readonly FileEntry[]> {
    return (await this.call('listFiles', { params: { session }, query: { path } })).entries;
  }

  /** A link as a link. */
  statFile(session: string, path: string): Promise<FileEntry> {
    return this.call('statFile', { params: { session }, query: { path } });
  }

  /** And those above it. */
  makeDirectory(session: string, body: BodyOf<'makeDirectory'>): Promise<FileEntry> {
    return this.call('makeDirectory', { params: { session }, body });
  }

  /** Renames, over a file that has the new name. */
  moveFile(session: string, body: BodyOf<'moveFile'>): Promise<FileEntry> {
    return this.call('moveFile', { params: { session }, body });
  }

  /** With `recursive` a directory with all that is in it. */
  async removeFile(session: string, path: string, { recursive = false }: { readonly recursive?: boolean } = {}): Promise<void> {
    await this.raw(`${filePath(session, path)}?recursive=${recursive ? 1 : 0}`, { method: 'DELETE' });
  }

  /** Writes a file: it is there whole, or not at all. */
  async putFile(session: string, path: string, content: Content, options: PutOptions = {}): Promise<FileEntry> {
    const query = new URLSearchParams();
    if (options.sha256 !== undefined) query.set('sha256', options.sha256);
    if (options.mode !== undefined) query.set('mode', (options.mode & 0o777).toString(8).padStart(3, '0'));
    const { response } = await this.raw(`${filePath(session, path)}?${query}`, sending(content, options));
    return (await response.json()) as FileEntry;
  }

  /** The bytes of a file. */
  async getFile(session: string, path: string): Promise<AsyncIterable<Uint8Array>> {
    return (await this.openFile(session, path)).content;
  }

  /** The bytes of a file, or its rest, and what is known of it. */
  async openFile(session: string, path: string, { from = 0, etag, signal }: GetOptions = {}): Promise<OpenedFile> {
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    if (from > 0 && etag !== undefined) headers['if-range'] = etag;
    const { response, endpoint } = await this.raw(filePath(session, path), { headers, ...withSignal(signal) });
    const length = Number(response.headers.get('content-length'));
    const begins = response.status === 206 ? from : 0;
    const content = bytesOf(response.body, endpoint, signal);
    return { from: begins, size: begins + length, etag: response.headers.get('etag') ?? '', content };
  }

  /** A file or directory as a tar, names as in the node's KernelService. */
  async getArchive(session: string, path: string, { signal }: TransferOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const { response, endpoint } = await this.raw(viewPath(session, 'archive', path), withSignal(signal));
    return bytesOf(response.body, endpoint, signal);
  }

  /** Puts what a tar holds into the directory `path`. */
  async putArchive(session: string, path: string, content: Content, options: TransferOptions = {}): Promise<ExtractedFiles> {
    const { response } = await this.raw(viewPath(session, 'archive', path), sending(content, options));
    return (await response.json()) as ExtractedFiles;
  }

  /** What changes in a directory and below it; ends with the session or the signal. A lost connection is `node-lost`. */
  async *watchFiles(session: string, path: string, { signal }: TransferOptions = {}): AsyncGenerator<FileChange> {
    const { response, endpoint } = await this.raw(viewPath(session, 'watch', path), withSignal(signal));
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of bytesOf(response.body, endpoint, signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line) as FileChange;
    }
  }
}

const filePath = (session: string, path: string): string =>
  `/v1/sessions/${encodeURIComponent(session)}/files/${path.split('/').map(encodeURIComponent).join('/')}`;

const viewPath = (session: string, view: string, path: string): string =>
  `/v1/sessions/${encodeURIComponent(session)}/${view}?${new URLSearchParams({ path })}`;

const withSignal = (signal: AbortSignal | undefined): RequestInit => (signal ? { signal } : {});

const sending = (content: Content, { signal }: TransferOptions): RequestInit =>
  ({
    method: 'PUT',
    body: content,
    duplex: 'half',
    headers: { 'content-type': 'application/octet-stream' },
    ...withSignal(signal),
  }) as RequestInit;

async function* bytesOf(
  body: ReadableStream<Uint8Array> | null,
  endpoint: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  try {
    yield* body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal?.throwIfAborted();
    throw nodeLost(endpoint, error);
  }
}
