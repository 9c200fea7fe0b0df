/** Services of the fake KernelService: all kernels share them, and none has a program. */
import { BerthError, type ServiceRequest, type ServiceView, type Tunnel, type TunnelTarget } from '@berth/wire';

export class FakeServices {
  /** What a tunnel to a port is; without it no port accepts. */
  tunnel: ((port: number) => Promise<Tunnel>) | undefined;
  readonly #known = new Map<string, ServiceView>();

  list(): readonly ServiceView[] {
    return [...this.#known.values()];
  }

  start({ name, port = 8888 }: ServiceRequest): ServiceView {
    const common = { protocol: 'http', origin: 'request', state: 'running', runId: null, path: '/' } as const;
    const started: ServiceView = { name, ports: [port], ...common };
    this.#known.set(name, started);
    return started;
  }

  stop(name: string): ServiceView {
    const stopped: ServiceView = { ...this.#find(name), state: 'ended' };
    this.#known.set(name, stopped);
    return stopped;
  }

  open(target: TunnelTarget): Promise<Tunnel> {
    const port = 'port' in target ? target.port : this.#find(target.service).ports[0]!;
    if (!this.tunnel) throw new BerthError('service-unreachable', `port ${port} does not accept`);
    return this.tunnel(port);
  }

  #find(name: string): ServiceView {
    const service = this.#known.get(name);
    if (!service) throw new BerthError('no-such-service', `there is no service ${name}`);
    return service;
  }
}
