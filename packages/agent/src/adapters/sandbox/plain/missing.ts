/** What plain processes lack, in sentences for people. The first is for everybody to see. Pure. */
import type { Controller } from '../cgroup/hierarchies.js';
import type { Maker } from '../command.js';
import { missingLimits } from '../missing.js';

export const NO_ISOLATION = 'NO ISOLATION: CODE OF SESSIONS RUNS AS PLAIN PROCESSES OF THIS MACHINE, AND IS KEPT FROM NOTHING.';

const BY_ROOT = [
  'Files that every user may read are seen by sessions, with homes and sockets among them.',
  'The supervisor of a session is seen by its code, which has another user id.',
];

const BY_USER = [
  'Files of your user are open to sessions: homes, keys, sockets, other sessions and what the node keeps.',
  'The supervisor of a session, other sessions and the node itself can be ended, traced and changed by code that has their user id.',
];

const ALWAYS = [
  'The network of a session is that of this machine, also with network `none`.',
  'The root file system is not read-only: a session writes wherever its user may.',
  '/tmp and /var/tmp are those of this machine, without a limit.',
  'Privileges can be gained by set-uid programs, and calls of the kernel are not filtered.',
];

export const missingOfPlain = ({ uid }: Maker, missing: readonly Controller[]): readonly string[] => [
  NO_ISOLATION,
  ...(uid === 0 ? BY_ROOT : BY_USER),
  ...ALWAYS,
  // As root would say it: nothing takes the place of cgroups here.
  ...missingLimits({ uid: 0, gid: 0 }, missing),
];
