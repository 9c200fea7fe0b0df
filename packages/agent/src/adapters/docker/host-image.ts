/**
 * The image `host`: an image of a few kilobytes with the machine's layout, over which its own /usr and a little of /etc are
 * mounted read-only. Its tag is the address of its content, so one that exists is found and never made again.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import tar from 'tar-stream';
import { systemClock } from '@berth/base';
import { BerthError, isBerthError } from '@berth/wire';
import { readHostLayout, type HostEntry, type HostLayout } from '../../host-image/layout.js';
import type { ImageFacts } from '../../ports/driver.js';
import { LIMIT_MS, type Engine } from './engine.js';
import { resolveLocalImage } from './images.js';

const REPOSITORY = 'berth-host';
const KEEP_SECONDS = 24 * 3600;
/** Raised when the same entries are to give another image. */
const FORMAT = 1;
const ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'];

export class HostImage {
  readonly #engine: Engine;
  readonly #readLayout: () => Promise<HostLayout>;
  /** So that sessions which start together import once. */
  #importing: Promise<void> = Promise.resolve();

  constructor(engine: Engine, readLayout = () => readHostLayout(process.getuid?.() ?? 0)) {
    this.#engine = engine;
    this.#readLayout = readLayout;
  }

  async resolve(signal?: AbortSignal): Promise<ImageFacts> {
    const layout = await this.#readLayout();
    const reference = `${REPOSITORY}:${tagOf(layout.entries)}`;
    const found = (await this.#find(reference, signal)) ?? (await this.#make(reference, layout.entries, signal));
    return { ...found, mounts: layout.mounts };
  }

  #find(reference: string, signal?: AbortSignal): Promise<ImageFacts | undefined> {
    return resolveLocalImage(this.#engine, reference, signal).catch((error: unknown) => {
      if (isBerthError(error) && error.code === 'image-not-found') return undefined;
      throw error;
    });
  }

  async #make(reference: string, entries: readonly HostEntry[], signal?: AbortSignal): Promise<ImageFacts> {
    const turn = this.#importing.then(async () => {
      if (!(await this.#find(reference, signal))) await this.#import(reference, entries, signal);
    });
    this.#importing = turn.catch(() => {});
    await turn;
    return resolveLocalImage(this.#engine, reference, signal);
  }

  async #import(reference: string, entries: readonly HostEntry[], signal?: AbortSignal): Promise<void> {
    const archive = await packed(entries);
    const [repo, tag] = reference.split(':') as [string, string];
    const options = { repo, tag, changes: ENV.map((line) => `ENV ${line}`) };
    await this.#engine.call(
      'making the image host',
      async (docker) => importDone((await docker.importImage(archive as never, options)) as Readable),
      { signal, limitMs: LIMIT_MS.work },
    );
    await this.#removeOld(reference, signal);
  }

  /** Images of an earlier state of this machine. Young ones may be another agent's; one that is in use stays, and goes later. */
  async #removeOld(reference: string, signal?: AbortSignal): Promise<void> {
    const filters = { reference: [REPOSITORY] };
    await this.#engine.call(
      'removing old images of this machine',
      async (docker) => {
        const images = await docker.listImages({ filters });
        const old = oldTags(images, reference, systemClock.now() / 1000);
        await Promise.all(
          old.map((tag) =>
            docker
              .getImage(tag)
              .remove()
              .catch(() => {}),
          ),
        );
      },
      { signal },
    );
  }
}

/** Our tags, except `current`, of images that were made more than {@link KEEP_SECONDS} before `now` (seconds). Pure. */
export function oldTags(
  images: readonly { readonly Created: number; readonly RepoTags?: readonly string[] | null | undefined }[],
  current: string,
  now: number,
): string[] {
  const old = images.filter(({ Created }) => now - Created > KEEP_SECONDS).flatMap(({ RepoTags }) => RepoTags ?? []);
  return old.filter((tag) => tag.startsWith(`${REPOSITORY}:`) && tag !== current);
}

/** Content address of the image. Pure. */
export function tagOf(entries: readonly HostEntry[]): string {
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, ENV]));
  for (const entry of entries) {
    const content = entry.kind === 'file' ? Buffer.from(entry.content).toString('base64') : null;
    hash.update(`${JSON.stringify({ ...entry, content })}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** The entries as a tar archive; times are zero, so that equal entries give equal archives. */
async function packed(entries: readonly HostEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  const mtime = new Date(0);
  for (const entry of entries) {
    if (entry.kind === 'directory') pack.entry({ name: entry.path, type: 'directory', mode: entry.mode, mtime });
    else if (entry.kind === 'link') pack.entry({ name: entry.path, type: 'symlink', linkname: entry.target, mtime });
    else pack.entry({ name: entry.path, mode: 0o644, mtime }, Buffer.from(entry.content));
  }
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Docker answers 200 at once and tells failure in the stream. */
async function importDone(stream: Readable): Promise<void> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  const failure = text.split('\n').find((line) => line.includes('"error"'));
  if (failure) throw new BerthError('create-failed', `making the image host failed: ${failure}`);
}
