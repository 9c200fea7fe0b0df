/** Why a container that nobody asked to stop has ended. */
import type { ExitNote, TerminationReason } from '@berth/wire';

/** What is known about an end that came by itself. */
export interface EndEvidence {
  /** True when the machine was started anew since the kernel's last journal entry. */
  readonly rebooted: boolean;
  /** True when the container is not there any more. */
  readonly missing: boolean;
  /** Exit code of the container; null when unknown. */
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  /** What the runner left behind before it ended by itself. */
  readonly note: ExitNote | null;
}

export interface EndReason {
  readonly reason: TerminationReason;
  readonly detail: string;
}

/** The strongest evidence first: the runner's own word, then a reboot, then a missing container, then how it died. */
export function endReason(evidence: EndEvidence): EndReason {
  const { note, exitCode } = evidence;
  if (note?.reason === 'dead-man') return { reason: 'dead-man', detail: 'no agent came back in time' };
  if (note?.reason === 'lifetime') return { reason: 'lifetime', detail: 'its lifetime is over' };
  if (evidence.rebooted) return { reason: 'host-reboot', detail: 'the machine was started anew' };
  if (evidence.missing) return { reason: 'container-lost', detail: 'the container was removed by somebody else' };
  // Docker's flag alone says only that somebody in the container was killed; with 137 it was the runner or its init.
  if (evidence.oomKilled && exitCode === 137) return { reason: 'oom', detail: 'the memory limit killed the runner' };
  // SIGTERM is how an engine stops a container, also when it is stopped itself.
  if (note?.reason === 'shutdown')
    return { reason: 'runner-lost', detail: 'it was stopped from outside, by somebody or with the engine' };
  return { reason: 'runner-lost', detail: exitCode === null ? 'the runner ended' : `the runner ended with code ${exitCode}` };
}
