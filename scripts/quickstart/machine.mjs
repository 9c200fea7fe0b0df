// What the ladder must know of this machine, and the one thing that it may do to it.
import { readFileSync } from 'node:fs';
import { StepFailed, step } from '../install-and-build.mjs';
import { chooseStep, installerOf } from './ladder.mjs';

/** Goes down the ladder to the first step that holds. `images` is what `keepImages` found. Says what it does before it does it. */
export async function findStep({ images, say, stop }) {
  const seen = {
    wanted: process.env.BERTH_DRIVER || 'auto',
    image: process.env.BERTH_IMAGE || undefined,
    docker: images,
    sandbox: undefined,
    installer: installerOf(read('/etc/os-release')),
    root: process.getuid() === 0,
    installTried: false,
  };
  for (;;) {
    const next = chooseStep(seen);
    for (const line of next.lines) say(`-- ${line}`);
    if (next.step === 'install') {
      seen.installTried = true;
      await install(stop);
    }
    if (next.step !== 'install' && next.step !== 'try-sandbox') return next;
    seen.sandbox = await askSandbox();
  }
}

/** The node's own driver is asked, so that both say the same. It is there since the build. */
async function askSandbox() {
  const { readSettings, trySandbox } = await import('@berth/agent/commands');
  const { fault, unlimited } = await trySandbox(readSettings());
  if (fault === null) return { usable: true, unlimited };
  return { usable: false, missing: fault.code === 'driver-unavailable', message: fault.message, fix: fault.fix };
}

/** What went wrong is on the terminal; the next look says what to do then. */
async function install(stop) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (title, args) => step(title, ['apt-get', ...args], { stop, env, quiet: true });
  const get = () => run('install bubblewrap', ['install', '--yes', '--no-install-recommends', 'bubblewrap']);
  try {
    await get().catch(async (error) => {
      if (stop.aborted) throw error;
      await run('ask the distribution for its packages', ['update']);
      await get();
    });
  } catch (error) {
    if (stop.aborted || !(error instanceof StepFailed)) throw error;
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
