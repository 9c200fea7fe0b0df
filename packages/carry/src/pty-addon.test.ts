import { access } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { findPtyAddon } from './pty-addon.js';

it('finds the file for this machine, and none for one that nobody builds for', async () => {
  await access(findPtyAddon()!);
  expect(findPtyAddon('s390x')).toBeNull();
});
