/** One image that is present on this node. Nothing is pulled here. */
import type Docker from 'dockerode';
import { BerthError } from '@berth/wire';
import type { ImageFacts } from '../../ports/driver.js';
import type { ImageConfig } from './create-options.js';
import type { Engine } from './engine.js';
import { nonsense } from './errors.js';

/** Letters that occur in references, digests and ids; nothing that would change the path of the request. */
const REFERENCE = /^[A-Za-z0-9][\w.\-/:@]{0,1023}$/;

type Labels = Readonly<Record<string, string>>;

/** The part of Docker's inspection that counts. */
export interface InspectedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Os?: string;
  /** In the words of Go, for example `amd64`; may be empty. */
  readonly Architecture?: string;
  readonly Config: {
    readonly Env?: readonly string[] | null;
    readonly Labels?: Labels | null;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
  } | null;
  /** Of the container that the image was made from; gone from newer engines, empty for images of BuildKit. */
  readonly ContainerConfig?: { readonly Labels?: Labels | null } | null;
}

/** Errors: `image-not-found`. */
export async function inspectImage(engine: Engine, reference: string, signal?: AbortSignal): Promise<InspectedImage> {
  if (!REFERENCE.test(reference) || reference.split('/').some((name) => /^\.*$/.test(name))) {
    throw new BerthError('image-not-found', `${JSON.stringify(reference)} is not the name of an image`);
  }
  const what = `looking up the image ${reference}`;
  const inspect = (docker: Docker, abortSignal: AbortSignal) => docker.getImage(reference).inspect({ abortSignal } as object);
  const found: unknown = await engine.call(what, inspect, { signal });
  if (!isInspectedImage(found)) throw nonsense(what);
  return found;
}

function isInspectedImage(answer: unknown): answer is InspectedImage {
  const { Id, Config = null } = (answer ?? {}) as Partial<Record<keyof InspectedImage, unknown>>;
  return typeof Id === 'string' && typeof Config === 'object';
}

/** Errors: `image-not-found`. */
export async function resolveLocalImage(engine: Engine, reference: string, signal?: AbortSignal): Promise<ImageFacts> {
  const image = await inspectImage(engine, reference, signal);
  const { Id, Config } = image;
  return { imageId: Id, labels: labelsOf(image), env: parseEnv(Config?.Env ?? []), mounts: [] };
}

/** Those that a container inherits; where there are none, those of the old place, which agents of 2018 read (seed spec, D18). Pure. */
export function labelsOf({ Config, ContainerConfig }: Pick<InspectedImage, 'Config' | 'ContainerConfig'>): Labels {
  const labels = Config?.Labels ?? {};
  return Object.keys(labels).length > 0 ? labels : (ContainerConfig?.Labels ?? {});
}

/** What of the image's configuration would shape a container. */
export async function imageConfig(engine: Engine, imageId: string, signal?: AbortSignal): Promise<ImageConfig> {
  const { Config } = await inspectImage(engine, imageId, signal);
  const command = [...(Config?.Entrypoint ?? []), ...(Config?.Cmd ?? [])];
  return { env: Config?.Env ?? [], volumes: Object.keys(Config?.Volumes ?? {}), command };
}

/** `NAME=value` lines as a record; a line without a name is dropped. Pure. */
export function parseEnv(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)] as const);
  return Object.fromEntries(pairs.filter(([name], index) => name !== '' && lines[index]!.includes('=')));
}
