/** The label `ai.backend.service-ports` of an image: `name:proto:port` or `name:proto:[p,p]`, comma separated (manager-link 23.09, 10). */
import { SERVICE_NAME_PATTERN, SERVICE_PROTOCOLS, type ServiceMark, type ServiceProtocol } from '@berth/wire';

export const SERVICE_PORTS_LABEL = 'ai.backend.service-ports';

const ITEM = /([^:,[\]]+):([a-z]+):(?:(\d{1,5})|\[([\d,\s]+)\])/g;

/** What the label declares. An item that makes no sense, or whose protocol is not ours (`pty`), is left out. */
export function servicesOfLabel(label: string | undefined): readonly ServiceMark[] {
  const found = [...(label ?? '').matchAll(ITEM)].map(([, name = '', protocol = '', port, list]) => ({
    name: name.trim(),
    protocol: protocol as ServiceProtocol,
    ports: (port ?? list!).split(',').map(Number),
  }));
  return found.filter(
    ({ name, protocol, ports }) =>
      SERVICE_NAME_PATTERN.test(name) &&
      SERVICE_PROTOCOLS.includes(protocol) &&
      ports.every((port) => port >= 1 && port <= 65_535),
  );
}
