/** The corpus: what code in a session has been seen to try elsewhere, and what holds it here. docs/security.md is its table. */
import type { Attempt } from './attempt.js';
import { FILES } from './files.js';
import { LIMITS } from './limits.js';
import { MACHINE } from './machine.js';
import { NETWORK } from './network.js';
import { PRIVILEGES } from './privileges.js';
import { PROCESSES } from './processes.js';
import { RUNNER } from './runner.js';

export { cellOf, COLUMNS, outcomeOf, programOf, type Attempt, type Column, type Verdict } from './attempt.js';
export const ATTEMPTS: readonly Attempt[] = [...FILES, ...RUNNER, ...PROCESSES, ...MACHINE, ...PRIVILEGES, ...NETWORK, ...LIMITS];
