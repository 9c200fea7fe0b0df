/** What the end of a run means for the shell, and for a person. */
import { constants } from 'node:os';
import type { Finished, FinishReason } from '@berth/wire';

/** The program's own code; 128 + n when signal n ended it. */
export function exitCodeOf({ exitCode, signal }: Pick<Finished, 'exitCode' | 'signal'>): number {
  return exitCode ?? 128 + ((constants.signals as Readonly<Record<string, number>>)[signal ?? ''] ?? 0);
}

/** Ends that nobody at the terminal asked for, and that the program's own output does not tell. */
const TOLD: Partial<Record<FinishReason, string>> = {
  'time-limit': 'the time limit of the run was reached',
  oom: 'the run used more memory than the session has',
  'pids-limit': 'the run started more processes than the session may have',
  'disk-full': 'the disk of the session is full',
  'start-failed': 'the program could not be started',
  'repl-lost': 'the language process of the session ended',
};

/** A line for a person, or undefined when there is nothing to add. */
export function endNotice({ reason, detail, stateLost }: Pick<Finished, 'reason' | 'detail' | 'stateLost'>): string | undefined {
  const told = TOLD[reason];
  const parts = [told && (detail || told), stateLost ? 'the variables of the session are lost' : undefined];
  const text = parts.filter((part) => part !== undefined).join('; ');
  return text === '' ? undefined : text;
}
