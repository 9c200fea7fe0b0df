import { RUNNER_FLAGS } from '@berth/runner';
import { IN_KERNEL } from '@berth/wire';

/** How the carried Node is started. */
export interface Startable {
  /** File name of the loader in `lib/`; null when Node is static. */
  readonly loader: string | null;
}

/** Program and arguments that start the runner in a kernel. Pure. */
export function carryCommand({ loader }: Startable, kernelId: string, incarnation: number): string[] {
  const root = IN_KERNEL.carry;
  // Through the loader by name: the image may have none, or one of another C library.
  const start = loader === null ? [] : [`${root}/lib/${loader}`, '--library-path', `${root}/lib`];
  const runner = [`${root}/bin/node`, ...RUNNER_FLAGS, `${root}/runner.mjs`];
  return [...start, ...runner, '--kernel', kernelId, '--incarnation', String(incarnation)];
}
