import type {
  ContainerPlan,
  Driver,
  DriverEvent,
  DriverInfo,
  ImageFacts,
  LocalImage,
  Observation,
  PullOptions,
} from '../../ports/driver.js';
import { silentLogger, type Logger } from '../../ports/logger.js';
import { createContainer } from './create.js';
import { API_VERSION, Engine, LIMIT_MS, type DockerTarget } from './engine.js';
import { hasStatus, nonsense } from './errors.js';
import { followEvents } from './events.js';
import { HostImage } from './host-image.js';
import { ImageLister } from './image-list.js';
import { resolveLocalImage } from './images.js';
import { ownerFilter, type Owner } from './labels.js';
import { inspectContainer } from './inspect.js';
import { isListed, needsInspection, observationOfListed } from './observe.js';
import { ImagePulls } from './pull.js';
import { removeImage, tagImage } from './keep-images.js';
import { pauseContainer } from './pause.js';
import { removeContainer } from './remove.js';
import { removeTree } from './remove-tree.js';

/** The reference of the built-in image: nothing but this machine's own programs, mounted read-only. */
const HOST_REFERENCE = 'host';

/** The driver port on a Docker Engine 20.10 or later, through its API 1.41. */
export class DockerDriver implements Driver {
  readonly name = 'docker';
  readonly #engine: Engine;
  readonly #host: HostImage;
  readonly #lister: ImageLister;
  readonly #pulls: ImagePulls;

  constructor(target: DockerTarget, logger: Logger = silentLogger) {
    this.#engine = new Engine(target);
    this.#host = new HostImage(this.#engine);
    this.#lister = new ImageLister(this.#engine, logger);
    this.#pulls = new ImagePulls(this.#engine);
  }

  async probe(signal?: AbortSignal): Promise<DriverInfo> {
    const { Version } = await this.#engine.call(
      'asking Docker for its version',
      // The types do not know of options.
      (docker, abortSignal) =>
        (docker.version as (options: object) => ReturnType<typeof docker.version>).call(docker, { abortSignal }),
      { signal },
    );
    return { description: `Docker Engine ${Version} (API ${API_VERSION})`, apiVersion: API_VERSION };
  }

  resolveImage(reference: string, signal?: AbortSignal): Promise<ImageFacts> {
    return reference === HOST_REFERENCE ? this.#host.resolve(signal) : resolveLocalImage(this.#engine, reference, signal);
  }

  listImages(signal?: AbortSignal): Promise<readonly LocalImage[]> {
    return this.#lister.list(signal);
  }

  pullImage(reference: string, options: PullOptions = {}): Promise<{ readonly imageId: string }> {
    return this.#pulls.pull(reference, options);
  }

  /** Beyond the port, for commands: see {@link tagImage} and {@link removeImage}. */
  tagImage(reference: string, as: string, signal?: AbortSignal): Promise<void> {
    return tagImage(this.#engine, reference, as, signal);
  }

  removeImage(reference: string, signal?: AbortSignal): Promise<void> {
    return removeImage(this.#engine, reference, signal);
  }

  create(plan: ContainerPlan, signal?: AbortSignal): Promise<{ readonly containerId: string }> {
    return createContainer(this.#engine, plan, signal);
  }

  async start(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.#engine.call(
      'starting the container',
      async (docker, abortSignal) => {
        await docker.getContainer(containerId).start({ abortSignal }).catch(unlessStatus(304));
      },
      { signal, limitMs: LIMIT_MS.work },
    );
  }

  pause(containerId: string, signal?: AbortSignal): Promise<void> {
    return pauseContainer(this.#engine, containerId, true, signal);
  }

  resume(containerId: string, signal?: AbortSignal): Promise<void> {
    return pauseContainer(this.#engine, containerId, false, signal);
  }

  async kill(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.#engine.call(
      'killing the container',
      async (docker, abortSignal) => {
        // 409: it does not run.
        await docker.getContainer(containerId).kill({ signal: 'SIGKILL', abortSignal }).catch(unlessStatus(404, 409));
      },
      { signal, limitMs: LIMIT_MS.work },
    );
  }

  remove(containerId: string, signal?: AbortSignal): Promise<void> {
    return removeContainer(this.#engine, containerId, signal);
  }

  inspect(idOrName: string, signal?: AbortSignal): Promise<Observation | undefined> {
    return inspectContainer(this.#engine, idOrName, signal);
  }

  /** The OOM flag of a living container is not told by Docker's list; `inspect` has it. */
  async list(owner: Owner, signal?: AbortSignal): Promise<readonly Observation[]> {
    const what = 'listing containers';
    const listed: unknown = await this.#engine.call(
      what,
      (docker, abortSignal) => docker.listContainers({ all: true, filters: { label: ownerFilter(owner) }, abortSignal }),
      { signal },
    );
    if (!isListed(listed)) throw nonsense(what);
    const observations = listed.map((one) =>
      needsInspection(one) ? this.inspect(one.Id, signal) : Promise.resolve(observationOfListed(one)),
    );
    return (await Promise.all(observations)).filter((one) => one !== undefined);
  }

  events(owner: Owner, signal: AbortSignal): AsyncIterable<DriverEvent> {
    return followEvents(this.#engine, owner, signal);
  }

  async removeTree(hostPath: string, signal?: AbortSignal): Promise<void> {
    const image = await this.#host.resolve(signal);
    await removeTree(this.#engine, image, hostPath, signal);
  }
}

const unlessStatus =
  (...expected: readonly number[]) =>
  (thrown: unknown): void => {
    if (!expected.some((status) => hasStatus(thrown, status))) throw thrown;
  };
