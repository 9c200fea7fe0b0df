/** The files of kernels: each call is one on the scratch of a living kernel. */
import { systemClock } from '@berth/base';
import type {
  ArchiveStream,
  ByteRange,
  ExtractedFiles,
  FileChange,
  FileEntry,
  FileService,
  KernelId,
  WriteOptions,
} from '@berth/wire';
import type { ScratchFiles } from '../files/scratch-files.js';
import type { KernelFacts } from '../model/facts.js';

export abstract class KernelFileService implements FileService {
  protected readonly files: ScratchFiles;

  constructor(files: ScratchFiles) {
    this.files = files;
  }

  /** Facts of a living kernel. Errors: `no-such-session`, `session-ended`. */
  protected abstract factsOf(id: KernelId): KernelFacts;

  async writeFile(id: KernelId, path: string, content: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<FileEntry> {
    return this.files.write(this.factsOf(id), path, content, options);
  }

  async readFile(
    id: KernelId,
    path: string,
    range?: ByteRange,
  ): Promise<{ entry: FileEntry; content: AsyncIterable<Uint8Array> }> {
    return this.files.read(this.factsOf(id), path, range);
  }

  async statFile(id: KernelId, path: string): Promise<FileEntry> {
    return this.files.stat(this.factsOf(id), path);
  }

  async listFiles(id: KernelId, path: string): Promise<readonly FileEntry[]> {
    return this.files.list(this.factsOf(id), path);
  }

  async makeDirectory(id: KernelId, path: string): Promise<FileEntry> {
    await this.files.makeDirectory(this.factsOf(id), path);
    return this.files.stat(this.factsOf(id), path);
  }

  async removeFile(id: KernelId, path: string, options?: { readonly recursive?: boolean }): Promise<void> {
    await this.files.remove(this.factsOf(id), path, options);
  }

  async moveFile(id: KernelId, from: string, to: string): Promise<FileEntry> {
    return this.files.move(this.factsOf(id), from, to);
  }

  async archive(id: KernelId, path: string, options?: { readonly mostBytes?: number }): Promise<ArchiveStream> {
    return this.files.archive(this.factsOf(id), path, options);
  }

  async extractArchive(id: KernelId, path: string, content: AsyncIterable<Uint8Array>): Promise<ExtractedFiles> {
    return this.files.extract(this.factsOf(id), path, content);
  }

  async *watchFiles(id: KernelId, path: string, signal: AbortSignal): AsyncIterable<FileChange> {
    yield* this.files.watch(this.factsOf(id), path, { signal, clock: systemClock });
  }
}
