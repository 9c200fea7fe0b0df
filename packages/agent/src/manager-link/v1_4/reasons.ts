/** Why a kernel ended, in the words that were in use inside agents of 2018 (seed spec 6). Pure. */
import type { TerminationReason } from '@berth/wire';

export const REASONS: Readonly<Record<TerminationReason, string>> = {
  'user-requested': 'user-requested',
  'lease-expired': 'idle-timeout',
  'exec-timeout': 'exec-timeout',
  reset: 'agent-reset',
  'node-shutdown': 'agent-termination',
  lifetime: 'self-terminated',
  'create-failed': 'self-terminated',
  cancelled: 'self-terminated',
  'runner-lost': 'self-terminated',
  'container-lost': 'self-terminated',
  'dead-man': 'self-terminated',
  'host-reboot': 'self-terminated',
  oom: 'self-terminated',
};
