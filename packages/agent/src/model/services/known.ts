/** Which services a kernel has, and how each stands. Pure. */
import { type RunId, type RunView, type ServiceMark, type ServiceOrigin, type ServiceView } from '@berth/wire';
import { BUILT_IN_SERVICES } from './built-in.js';

export interface KnownService extends ServiceMark {
  readonly origin: ServiceOrigin;
  /** Its newest run. */
  readonly run: RunView | undefined;
}

/** Run ids of services tell which start it is: so two callers who start one at once mean the same run. */
const RUN_ID = /^service\.([A-Za-z0-9_-]+)\.(\d{1,9})$/;
export const serviceRunId = (name: string, start: number): RunId => `service.${name}.${start}` as RunId;
const startOf = ({ runId }: RunView): number => Number(RUN_ID.exec(runId)?.[2] ?? 0);

/** The number for the next start of `name`. */
export const nextStart = (name: string, runs: readonly RunView[]): number =>
  1 + Math.max(0, ...runs.filter(({ service }) => service?.name === name).map(startOf));

/** By name. What was started stands before what the image declares, and that before what Berth knows. */
export function knownServices(declared: readonly ServiceMark[], runs: readonly RunView[]): ReadonlyMap<string, KnownService> {
  const known = new Map<string, KnownService>();
  for (const { name, protocol, ports } of BUILT_IN_SERVICES) {
    known.set(name, { name, protocol, ports, origin: 'built-in', run: undefined });
  }
  for (const mark of declared) known.set(mark.name, { ...mark, origin: 'image', run: undefined });
  for (const run of runs) {
    if (!run.service || !RUN_ID.test(run.runId)) continue;
    const before = known.get(run.service.name);
    if (before?.run && startOf(before.run) > startOf(run)) continue;
    known.set(run.service.name, { ...run.service, origin: before?.origin ?? 'request', run });
  }
  return known;
}

export function serviceView({ run, ...mark }: KnownService, path: string | null): ServiceView {
  const state = run === undefined ? 'available' : run.finished ? 'ended' : 'running';
  return { ...mark, state, runId: run?.runId ?? null, path };
}
