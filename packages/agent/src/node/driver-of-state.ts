/** Which driver a state directory belongs to: another one would not find the containers of its kernels, and take them for lost. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { BerthError } from '@berth/wire';

const FILE = 'driver';
/** Of directories that are older than the file. */
const FIRST = 'docker';

/** How one gets a driver that `--driver` does not name. */
const HOW: Readonly<Record<string, string>> = { plain: 'Start the node with `--isolation none`' };

/** Name of the driver that the directory was used with last. */
export const driverOfState = async (stateDirectory: string): Promise<string> =>
  (await readFile(join(stateDirectory, FILE), 'utf8').catch(() => FIRST)).trim();

/** Notes that `name` is used from now on. Errors: `bad-config` when kernels wait that another one made. */
export async function keepDriver(stateDirectory: string, name: string, kernelsWait: boolean): Promise<void> {
  const before = await driverOfState(stateDirectory);
  if (before !== name && kernelsWait) {
    throw new BerthError('bad-config', `the sessions in ${stateDirectory} were made by the driver ${before}, not by ${name}`, {
      fix: `${HOW[before] ?? `Use the driver ${before}`} until they have ended (\`berth down --terminate\` ends them), or another data directory.`,
    });
  }
  await replaceFile(join(stateDirectory, FILE), `${name}\n`);
}
