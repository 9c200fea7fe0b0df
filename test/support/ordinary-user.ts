/**
 * Makes the process of a test file that of an ordinary user who is in Docker's group, before anything of the test is loaded.
 * Without root the tests run as an ordinary user anyway, and a second time would tell nothing new.
 */
import { accessSync, chmodSync, constants, existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach } from 'vitest';

/** No such user need exist. */
const UID = 54_321;

const why = becomeOrdinary();
if (why !== undefined) beforeEach((context) => context.skip(why));

/** Undefined when it worked; else why these tests are skipped. */
function becomeOrdinary(): string | undefined {
  if (process.getuid?.() !== 0) return 'the tests run as an ordinary user anyway';
  const socket = process.env['BERTH_TEST_DOCKER_SOCKET'];
  const log = process.env['BERTH_SERVICE_LOG'];
  if (log && existsSync(log)) chmodSync(log, 0o666);
  const group = socket ? statSync(socket).gid : UID;
  if (group === 0) chmodSync(socket!, 0o666);
  process.setgroups!([]);
  process.setgid!(group === 0 ? UID : group);
  process.setuid!(UID);
  process.env['HOME'] = '/nonexistent';
  process.env['BERTH_TEST_CACHE'] = join(tmpdir(), `berth-test-cache-${UID}`);
  try {
    accessSync(fileURLToPath(new URL('../../package.json', import.meta.url)), constants.R_OK);
    return undefined;
  } catch {
    return 'other users cannot read this checkout';
  }
}
