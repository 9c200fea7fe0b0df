/** Which driver a node takes: the one that is named, the one that its sessions need, or the first that this machine allows. */
import { BerthError } from '@berth/wire';
import type { DriverName, WantedDriver } from '../ports/driver.js';

export interface DriverQuestion {
  readonly wanted: WantedDriver;
  /** The driver of sessions that wait to be taken over; undefined: there are none. */
  readonly kept: DriverName | undefined;
  /** What those said that were tried; null: it can be used. */
  readonly tried: Readonly<Partial<Record<DriverName, BerthError | null>>>;
}

export type DriverStep =
  | { readonly kind: 'try'; readonly driver: DriverName }
  /** `reason` is a clause for people, which follows the word `as`. */
  | { readonly kind: 'take'; readonly driver: DriverName; readonly reason: string }
  | { readonly kind: 'fail'; readonly error: BerthError };

export type TakenDriver = Extract<DriverStep, { readonly kind: 'take' }>;

const take = (driver: DriverName, reason: string): DriverStep => ({ kind: 'take', driver, reason });

/** Pure. */
export function nextDriverStep({ wanted, kept, tried: { docker, sandbox } }: DriverQuestion): DriverStep {
  if (wanted !== 'auto') return take(wanted, 'it was asked for');
  if (kept !== undefined) return take(kept, 'the sessions of this data directory were made by it');
  if (docker === undefined) return { kind: 'try', driver: 'docker' };
  if (docker === null) return take('docker', 'Docker answers');
  if (sandbox === undefined) return { kind: 'try', driver: 'sandbox' };
  if (sandbox === null) return take('sandbox', `Docker cannot be used: ${docker.message}`);
  // It may only be slow: its own look, which follows, has more patience.
  if (docker.code === 'timeout') return take('docker', `nothing else can be used: ${sandbox.message}`);
  return { kind: 'fail', error: neither(docker, sandbox) };
}

/** Tries those that must be tried. Errors: `driver-unavailable`, `driver-forbidden`, with both ways out. */
export async function chooseDriver(
  question: Omit<DriverQuestion, 'tried'>,
  tryOut: (driver: DriverName) => Promise<BerthError | null>,
): Promise<TakenDriver> {
  const tried: Partial<Record<DriverName, BerthError | null>> = {};
  for (;;) {
    const step = nextDriverStep({ ...question, tried });
    if (step.kind === 'fail') throw step.error;
    if (step.kind === 'take') return step;
    tried[step.driver] = await tryOut(step.driver);
  }
}

const START_DOCKER = 'start Docker (`systemctl start docker`) or set DOCKER_HOST to its socket';
const INSTALL_BUBBLEWRAP = 'install bubblewrap (`apt-get install bubblewrap`)';

function neither(docker: BerthError, sandbox: BerthError): BerthError {
  const [first, second] = [
    docker.code === 'driver-unavailable' ? START_DOCKER : clause(docker.fix),
    sandbox.code === 'driver-unavailable' ? INSTALL_BUBBLEWRAP : clause(sandbox.fix),
  ];
  return new BerthError(docker.code, `Docker cannot be used: ${docker.message}; nor sandboxes: ${sandbox.message}`, {
    fix: `Either ${first}; or, to do without Docker, ${second}. For code of your own, \`--isolation none\` does without both.`,
    cause: docker,
  });
}

/** A fix as part of a sentence; those of the sandbox end with the way that is told first anyway. */
const clause = (fix: string): string =>
  `${fix.slice(0, 1).toLowerCase()}${fix.slice(1)}`.replace(/,? or use Docker\.$/, '').replace(/\.$/, '');
