/** Files of a kernel as manager 1.4.0 asks for them (seed spec 5.3, 11): upload, download, list. Paths stay below /home/work (D37, D38). */
import { isBerthError, type FileEntry, type KernelId, type KernelService } from '@berth/wire';
import { RpcError } from '../transport/rpc-error.js';

const WORK = '/home/work';

/** The tar of a download is below this size. */
export const DOWNLOAD_BYTES = 1024 * 1024;

export type Listing =
  { readonly files: string; readonly errors: string; readonly abspath: string } | { readonly files: ''; readonly errors: string };

export class KernelFiles {
  readonly #service: KernelService;

  constructor(service: KernelService) {
    this.#service = service;
  }

  /** Writes a file, with its directories. Errors: `builtins.ValueError` for a path that leads out; those of the service. */
  async upload(kernelId: KernelId, filename: string, data: Uint8Array): Promise<void> {
    const path = relative(filename);
    if (path === '.') throw new RpcError('builtins.ValueError', 'The path names no file.');
    await inPython(path, () => this.#service.writeFile(kernelId, path, pieces(data)));
  }

  /** A file or directory as a tar. Errors: `builtins.AssertionError` when it is too large, `FileNotFoundError`, `ValueError`. */
  async download(kernelId: KernelId, filepath: string): Promise<Buffer> {
    const path = relative(filepath);
    return inPython(path, async () => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      const { content } = await this.#service.archive(kernelId, path, { mostBytes: DOWNLOAD_BYTES });
      for await (const chunk of content) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= DOWNLOAD_BYTES) throw tooLarge();
      }
      return Buffer.concat(chunks);
    });
  }

  /** What is in a directory. A missing one is no exception but a result that says so. Errors: `builtins.ValueError`. */
  async list(kernelId: KernelId, filepath: string): Promise<Listing> {
    const path = relative(filepath);
    try {
      const entries = await inPython(path, () => this.#service.listFiles(kernelId, path));
      const items = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1)).map(itemOf);
      return { files: `[${items.join(', ')}]\n`, errors: '', abspath: `${path === '.' ? WORK : `${WORK}/${path}`}\n` };
    } catch (error) {
      if (!(error instanceof RpcError) || error.type !== 'builtins.FileNotFoundError') throw error;
      return { files: '', errors: 'No such file or directory' };
    }
  }
}

/** The path below /home/work, `.` for itself. Throws `RpcError`. */
export function relative(path: string): string {
  const inside = path === WORK || path.startsWith(`${WORK}/`) ? path.slice(WORK.length + 1) : path;
  const names = inside.split('/').filter((name) => name !== '' && name !== '.');
  if (inside.startsWith('/') || names.includes('..') || inside.includes('\0')) {
    throw new RpcError('builtins.ValueError', `The path ${JSON.stringify(path.slice(0, 200))} leads out of ${WORK}.`);
  }
  return names.join('/') || '.';
}

/** The errors of `fn` as exceptions that the manager knows. */
async function inPython<T>(path: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    if (!isBerthError(error)) throw error;
    if (error.code === 'no-such-file') throw new RpcError('builtins.FileNotFoundError', `No such file or directory: ${path}`);
    if (error.code === 'unsafe-path') throw new RpcError('builtins.ValueError', error.message);
    if (error.code === 'too-large') throw tooLarge();
    throw error;
  }
}

/** The words of 2018. */
const tooLarge = (): RpcError => new RpcError('builtins.AssertionError', 'too large file.');

async function* pieces(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

/** JSON of one entry; Python reads its times as floats. */
function itemOf({ path, mode, size, ctimeMs, mtimeMs, atimeMs }: FileEntry): string {
  const name = JSON.stringify(path.slice(path.lastIndexOf('/') + 1));
  const times = `"ctime": ${seconds(ctimeMs)}, "mtime": ${seconds(mtimeMs)}, "atime": ${seconds(atimeMs)}`;
  return `{"mode": "${modeText(mode)}", "size": ${size}, ${times}, "filename": ${name}}`;
}

function seconds(ms: number): string {
  const value = ms / 1000;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const TYPES: Readonly<Record<number, string>> = {
  0o140000: 's',
  0o120000: 'l',
  0o100000: '-',
  0o060000: 'b',
  0o040000: 'd',
  0o020000: 'c',
  0o010000: 'p',
};

/** Type and permissions as `ls -l` shows them. */
export function modeText(mode: number): string {
  const triple = (bits: number, special: boolean, letter: string): string => {
    const execute = bits & 1 ? (special ? letter : 'x') : special ? letter.toUpperCase() : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${execute}`;
  };
  const user = triple((mode >> 6) & 7, (mode & 0o4000) !== 0, 's');
  const group = triple((mode >> 3) & 7, (mode & 0o2000) !== 0, 's');
  return `${TYPES[mode & 0o170000] ?? '?'}${user}${group}${triple(mode & 7, (mode & 0o1000) !== 0, 't')}`;
}
