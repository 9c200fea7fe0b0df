/** Which node is examined: that of `berth up`, or that of `berth agent` once anything about one is set. */
import { SETTING_NAMES } from '../../config/agent-schema.js';
import type { AgentSettings, DockerAddress, Flags, HostPort, Origin, SettingName } from '../../config/agent-settings.js';
import { defaultStateDirectory } from '../../config/checks.js';
import { readSources } from '../../config/load.js';
import { resolveAgentSettings } from '../../config/resolve.js';
import { readSettings } from '../../config/settings.js';
import { gather } from '../../config/sources.js';
import { detectIdentity } from '../../node/cloud.js';
import { machineSources } from '../../node/cloud-sources.js';
import { dataLayout } from '../data-directory.js';

export interface DoctorSettings {
  /** Name of the driver that the node would use: `plain` without isolation; `auto`: the first that it can. */
  readonly driver: string;
  /** Path of bubblewrap; absent: where packages put it. */
  readonly bubblewrap?: string | undefined;
  readonly docker: DockerAddress;
  /** Journals, key and carry are below it. */
  readonly dataDir: string;
  readonly scratchRoot: string;
  /** Where the gateway listens; port 0: anywhere. */
  readonly listen: HostPort;
  /** Of a node under a manager. */
  readonly managed: AgentSettings | undefined;
}

/** What `berth up` takes when nothing else is said. */
const LISTEN: HostPort = { host: '127.0.0.1', port: 8081 };

/** Settings that every kind of node has, or that other tools have too: they say nothing about which one is meant. */
const COMMON: readonly SettingName[] = ['docker', 'isolation', 'logLevel', 'debug', 'verbose'];
const FOREIGN = /^(aws|raven|datadog)/;

/** True when something is set that only `berth agent` knows. Pure. */
export const isManaged = (origins: readonly (readonly [SettingName, Origin])[]): boolean =>
  origins.some(
    ([name, { source }]) => source !== 'default' && !COMMON.includes(name) && !(source === 'environment' && FOREIGN.test(name)),
  );

/** @param driver as `--driver` of `berth up` says. Errors: those of settings (`bad-usage`, `bad-config`, `file-unreadable`). */
export async function doctorSettings(flags: Flags, driver?: string): Promise<DoctorSettings> {
  const { sources } = await readSources({ flags });
  const { given } = gather(sources);
  if (sources.file === undefined && !isManaged(SETTING_NAMES.map((name) => [name, given[name].origin]))) {
    const isolation = typeof flags['isolation'] === 'string' ? flags['isolation'] : undefined;
    const node = readSettings(undefined, { driver, isolation });
    const { dataDir, docker, bubblewrap } = node;
    return {
      driver: node.isolation === 'none' ? 'plain' : (node.driver ?? 'auto'),
      bubblewrap,
      docker,
      dataDir,
      scratchRoot: dataLayout(dataDir).scratch,
      listen: LISTEN,
      managed: undefined,
    };
  }
  const { settings } = resolveAgentSettings(sources);
  const known = { instanceId: settings.instanceId, ip: settings.agentHostOverride };
  const { instanceId } = await detectIdentity(known, settings.region, machineSources);
  const dataDir = settings.stateDir ?? defaultStateDirectory(settings, instanceId);
  const { docker, scratchRoot, listen } = settings;
  // A node under a manager has no other yet.
  return { driver: settings.isolation === 'none' ? 'plain' : 'docker', docker, dataDir, scratchRoot, listen, managed: settings };
}
