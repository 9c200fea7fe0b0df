/** Plain processes, for `--isolation none`: nothing keeps them from anything. What bubblewrap did is done as far as it can be, or said to be missing. */
import { existsSync } from 'node:fs';
import { BerthError, IN_KERNEL } from '@berth/wire';
import type { ContainerPlan } from '../../../ports/driver.js';
import { Groups } from '../cgroup/groups.js';
import type { Maker } from '../command.js';
import { HOST, resolveImage } from '../images.js';
import type { Launch, Launcher } from '../launcher.js';
import { refuseImpossible } from '../refuse.js';
import { missingOfPlain } from './missing.js';
import { onMachine, refuseNested } from './paths.js';
import { removeTree } from './remove-tree.js';
import { watched } from './watch.js';

/** So the runner is told where its places are: the driver leads each of them to where it is on this machine. */
const RUNNER_ARGUMENTS = ['--run', IN_KERNEL.run, '--carry', IN_KERNEL.carry, '--work', IN_KERNEL.work];
const TINI = `${IN_KERNEL.carry}/bin/tini`;

export function plainLauncher(maker: Maker): Launcher {
  return {
    name: 'plain',
    isolation: 'none',
    runnerArguments: RUNNER_ARGUMENTS,
    async resolveImage(reference, secrets) {
      const image = await resolveImage(reference, secrets);
      if (image.imageId === HOST) return image;
      throw new BerthError(
        'image-not-found',
        `${reference} cannot be the root of a session: without isolation there is only \`host\``,
        {
          fix: 'Use the built-in image `host`, or start the node without `--isolation none`.',
        },
      );
    },
    async find() {
      const groups = maker.uid === 0 ? await Groups.find() : Groups.none();
      const who = maker.uid === 0 ? 'as root, a user id for each session' : `as user ${maker.uid}`;
      return {
        info: {
          description: `plain processes, no isolation (${who}, ${groups.description})`,
          apiVersion: 'none',
          missing: missingOfPlain(maker, groups.missing),
        },
        groups,
        async refuse(plan) {
          await refuseImpossible(plan);
          refuseNested(plan.mounts);
        },
        prepare: (_records, _id, plan) => Promise.resolve(prepare(plan)),
        removeTree,
      };
    },
  };
}

/** The program has a subreaper of its own, as in a sandbox, and another above its watcher gets what outlives that. */
function prepare({ command, mounts }: ContainerPlan): Launch {
  const tini = onMachine(TINI, mounts);
  const under = existsSync(tini) ? [tini, '-s', '--'] : [];
  const argv = [...under, ...command.map((argument) => onMachine(argument, mounts))];
  return { under, command: watched(argv, { subreaper: under.length > 0 }), hasBegun: () => true };
}
