/** Services of a kernel: runs whose program listens on a port. The runner holds all that is to be remembered of them. */
import { createHmac } from 'node:crypto';
import { KeyedMailbox, type Clock } from '@berth/base';
import {
  BerthError,
  SERVICE_NAME_PATTERN,
  type RunView,
  type ServiceMark,
  type ServiceRequest,
  type ServiceView,
  type Tunnel,
  type TunnelTarget,
} from '@berth/wire';
import { parseDefinition, type ServiceDefinition } from '../model/services/definition.js';
import { BUILT_IN_SERVICES } from '../model/services/built-in.js';
import { knownServices, nextStart, serviceRunId, serviceView, type KnownService } from '../model/services/known.js';
import { pathOf, planService, type PlanFacts, type ServiceProgram } from '../model/services/plan.js';
import { servicesOfLabel, SERVICE_PORTS_LABEL } from '../model/services/ports-label.js';
import type { KernelFacts } from '../model/facts.js';
import type { RunnerChannel } from '../ports/channel.js';
import type { Driver, ImageFacts } from '../ports/driver.js';
import { ServiceRun } from './service-run.js';

const READY_MS = 30_000;
const RUNTIME_PATH_LABEL = 'ai.backend.runtime-path';

/** One kernel, as far as its services need it. */
export interface ServiceGround {
  readonly facts: Pick<KernelFacts, 'spec' | 'token' | 'kernelId'>;
  readonly channel: RunnerChannel;
}

export class Services {
  readonly #driver: Pick<Driver, 'resolveImage'>;
  readonly #clock: Clock;
  /** Starts and stops of one service come one after the other. */
  readonly #mailbox = new KeyedMailbox();

  constructor(driver: Pick<Driver, 'resolveImage'>, clock: Clock) {
    this.#driver = driver;
    this.#clock = clock;
  }

  async list(ground: ServiceGround): Promise<readonly ServiceView[]> {
    const image = await this.#image(ground);
    const known = [...(await knownIn(ground, image)).values()];
    return Promise.all(known.map((service) => viewOf(ground, image, service)));
  }

  async start(ground: ServiceGround, request: ServiceRequest, signal?: AbortSignal): Promise<ServiceView> {
    const { name } = request;
    const run = await this.#inTurn(ground, name, () => this.#begin(ground, request));
    if (run) await new ServiceRun(ground.channel, run, this.#clock).untilReady(request.readyMs ?? READY_MS, signal);
    return this.#view(ground, name);
  }

  async stop(ground: ServiceGround, name: string): Promise<ServiceView> {
    const { run } = find(await knownIn(ground, await this.#image(ground)), name);
    if (run && !run.finished) await this.#inTurn(ground, name, () => new ServiceRun(ground.channel, run, this.#clock).end());
    return this.#view(ground, name);
  }

  async open(ground: ServiceGround, target: TunnelTarget, signal?: AbortSignal): Promise<Tunnel> {
    if ('port' in target) return ground.channel.connect(target.port, signal);
    const service = find(await knownIn(ground, await this.#image(ground)), target.service);
    return ground.channel.connect(service.ports[0]!, signal);
  }

  /** The run that has to become ready; undefined when the service needs none. */
  async #begin(ground: ServiceGround, request: ServiceRequest): Promise<RunView | undefined> {
    const { name } = request;
    const image = await this.#image(ground);
    const runs = await runsOf(ground);
    const before = knownServices(declaredBy(image), runs).get(name);
    if (before?.run && !before.run.finished) return before.run;
    const mark = markOf(request, before);
    const program = await programOf(ground, image, mark, request);
    if (!program) return undefined;
    const runId = serviceRunId(name, nextStart(name, runs));
    return ground.channel.call('start', { run: { mode: 'batch', runId, service: mark, ...program } });
  }

  async #view(ground: ServiceGround, name: string): Promise<ServiceView> {
    const image = await this.#image(ground);
    return viewOf(ground, image, find(await knownIn(ground, image), name));
  }

  #image({ facts }: ServiceGround): Promise<ImageFacts> {
    return this.#driver.resolveImage(facts.spec.image);
  }

  #inTurn<T>({ facts }: ServiceGround, name: string, fn: () => Promise<T>): Promise<T> {
    return this.#mailbox.post(`${facts.kernelId} ${name}`, fn);
  }
}

const declaredBy = ({ labels }: ImageFacts): readonly ServiceMark[] => servicesOfLabel(labels[SERVICE_PORTS_LABEL]);
const runsOf = async ({ channel }: ServiceGround): Promise<readonly RunView[]> => (await channel.call('runs', {})).runs;
const knownIn = async (ground: ServiceGround, image: ImageFacts): Promise<ReadonlyMap<string, KnownService>> =>
  knownServices(declaredBy(image), await runsOf(ground));

function find(known: ReadonlyMap<string, KnownService>, name: string): KnownService {
  const service = known.get(name);
  if (service) return service;
  throw new BerthError('no-such-service', `this session has no service ${JSON.stringify(name.slice(0, 40))}`, {
    fields: { service: name.slice(0, 40) },
  });
}

/** Where it will listen. */
function markOf({ name, port, command }: ServiceRequest, before: KnownService | undefined): ServiceMark {
  if (!SERVICE_NAME_PATTERN.test(name)) {
    throw new BerthError('bad-request', `${JSON.stringify(name.slice(0, 40))} is no name of a service: letters, digits, _ and -`);
  }
  if (command === undefined && before?.origin !== 'request') {
    const { protocol, ports } = find(before ? new Map([[name, before]]) : new Map(), name);
    return { name, protocol, ports: port === undefined ? ports : [port, ...ports.slice(1)] };
  }
  if (command === undefined || command.length === 0)
    throw new BerthError('bad-request', `service ${name} needs its command again`);
  if (port === undefined) throw new BerthError('bad-request', `service ${name} needs the port on which its command listens`);
  return { name, protocol: 'http', ports: [port] };
}

async function programOf(
  ground: ServiceGround,
  image: ImageFacts,
  mark: ServiceMark,
  request: ServiceRequest,
): Promise<ServiceProgram | undefined> {
  if (request.command) {
    if (request.arguments) throw new BerthError('bad-request', 'arguments of a command of your own belong to the command');
    return { argv: request.command, env: request.env ?? {} };
  }
  if (mark.protocol === 'preopen') return undefined;
  const definition = await definitionOf(ground, mark.name);
  if (definition) return planService(definition, request, planFacts(ground, image, mark));
  throw new BerthError('no-such-service', `the image declares service ${mark.name} and does not say how it is started`, {
    fix: `Start it in the session and use its port ${mark.ports[0]}, or give its command.`,
  });
}

/** The image's own comes first: it knows its programs. */
async function definitionOf({ channel }: ServiceGround, name: string): Promise<ServiceDefinition | undefined> {
  const text = await channel.definition(name);
  if (text !== null) return parseDefinition(name, text);
  return BUILT_IN_SERVICES.find((service) => service.name === name)?.definition;
}

async function viewOf(ground: ServiceGround, image: ImageFacts, service: KnownService): Promise<ServiceView> {
  const { name, protocol, ports, origin } = service;
  if (protocol !== 'http') return serviceView(service, null);
  if (origin === 'request') return serviceView(service, '/');
  try {
    const definition = await definitionOf(ground, name);
    return serviceView(service, definition ? pathOf(definition, planFacts(ground, image, { name, protocol, ports })) : '/');
  } catch {
    // A definition that makes no sense is told to who starts the service, and spoils no list.
    return serviceView(service, '/');
  }
}

/** The token follows from the kernel's own secret: so it is the same over restarts of the agent, and nobody has to keep it. */
const planFacts = ({ facts }: ServiceGround, { labels }: ImageFacts, mark: ServiceMark): PlanFacts => ({
  mark,
  token: createHmac('sha256', facts.token).update(`service ${mark.name}`).digest('hex').slice(0, 48),
  runtimePath: labels[RUNTIME_PATH_LABEL],
});
