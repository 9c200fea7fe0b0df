/** A look at one kernel's container, as an input for the model. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBerthError, type ExitNote } from '@berth/wire';
import type { KernelInput } from '../model/decide.js';
import { endReason } from '../model/end-reason.js';
import { containerName } from '../model/facts.js';
import type { KernelState } from '../model/kernel-state.js';
import type { Observation } from '../ports/driver.js';
import type { KernelContext } from './kernel-context.js';
import { scratchLayout } from './scratch-layout.js';

/** Undefined when there is nothing to look at yet, or somebody is making or undoing the container right now. */
export async function lookAtContainer(context: KernelContext, state: KernelState): Promise<KernelInput | undefined> {
  if (state.released || state.releasing) return undefined;
  const { incarnation } = state.facts;
  let seen: Observation | undefined;
  try {
    seen = await context.driver.inspect(state.containerId ?? containerName(state.facts));
  } catch (error) {
    context.logger.debug(
      { kernel: state.facts.kernelId, code: isBerthError(error) ? error.code : 'internal' },
      'the driver does not answer',
    );
    return { type: 'sighting', incarnation, sighting: 'unreachable' };
  }
  if (seen && seen.state !== 'exited' && seen.state !== 'removing') {
    return { type: 'sighting', incarnation, sighting: seen.state };
  }
  // Nothing was made yet: that there is none says nothing.
  if (!seen && state.containerId === null) return undefined;
  const end = endReason({
    rebooted: state.rebooted,
    missing: !seen,
    exitCode: seen?.exitCode ?? null,
    oomKilled: seen?.oomKilled ?? false,
    note: await readExitNote(scratchLayout(context.scratchRoot, state.facts).run),
  });
  return { type: 'sighting', incarnation, sighting: seen ? 'exited' : 'missing', end };
}

async function readExitNote(runDirectory: string): Promise<ExitNote | null> {
  try {
    const note = JSON.parse(await readFile(join(runDirectory, 'exit.json'), 'utf8')) as Partial<ExitNote>;
    return note.reason === 'dead-man' || note.reason === 'lifetime' || note.reason === 'shutdown'
      ? { reason: note.reason, at: Number(note.at) }
      : null;
  } catch {
    return null;
  }
}
