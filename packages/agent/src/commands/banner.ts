/** What an agent says of itself at its start (seed spec 12). */
export interface BannerFacts {
  readonly version: string;
  readonly cloud: string;
  readonly region: string;
  readonly instanceId: string;
  readonly instanceType: string;
  readonly host: string;
  /** Undefined while Docker does not answer. */
  readonly docker: { readonly version: string; readonly apiVersion: string } | undefined;
  /** Slots as they are reported, by name: `{ cpu: 4, mem: 8, gpu: 0 }`. */
  readonly slots: Readonly<Record<string, string | number>>;
}

/** A line each. */
export function banner(facts: BannerFacts): readonly string[] {
  const slots = Object.entries(facts.slots).map(([name, amount]) => `${name} ${amount}`);
  return [
    `Berth ${facts.version} on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    `instance ${facts.instanceId}, type ${facts.instanceType}, at ${facts.host}; cloud ${facts.cloud}, region ${facts.region}`,
    facts.docker ? `Docker ${facts.docker.version}, API ${facts.docker.apiVersion}` : 'Docker does not answer yet',
    `slots: ${slots.length > 0 ? slots.join(', ') : 'none'}`,
  ];
}
