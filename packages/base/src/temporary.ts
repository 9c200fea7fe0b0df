/** Names for what is not whole yet, or not gone yet. */
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { inDirectory } from './nofollow.js';

const PREFIX = '.berth-temporary-';

/**
 * Path of a name that nobody has, directly in `root`. All stand there, and not where they are needed, so that what a kill has left is
 * found without a walk.
 */
export const temporaryIn = (root: FileHandle): string => inDirectory(root, `${PREFIX}${randomBytes(6).toString('hex')}`);

export const isTemporary = (name: string): boolean => name.startsWith(PREFIX);
