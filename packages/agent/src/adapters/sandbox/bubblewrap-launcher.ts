/** Sandboxes: namespaces by bubblewrap. */
import { findMachine } from './machine.js';
import type { Maker } from './command.js';
import { resolveImage } from './images.js';
import { INNER_ARGUMENTS } from './inner.js';
import type { Launcher } from './launcher.js';
import { missingLimits, UNFILTERED } from './missing.js';
import { refuseImpossible } from './refuse.js';
import { removeTree } from './remove-tree.js';
import { prepareSandbox } from './prepare.js';

/** `programs`: where bubblewrap may be; default: where packages put it. */
export function bubblewrapLauncher(maker: Maker, programs?: readonly string[]): Launcher {
  return {
    name: 'sandbox',
    runnerArguments: maker.uid === 0 ? [] : INNER_ARGUMENTS,
    resolveImage,
    async find() {
      const machine = await findMachine(maker, programs);
      const { bubblewrap, groups, filter } = machine;
      const who = maker.uid === 0 ? 'as root' : `as user ${maker.uid}`;
      return {
        info: {
          description: `bubblewrap ${bubblewrap.version} (${who}, ${groups.description})`,
          apiVersion: bubblewrap.version,
          missing: [...missingLimits(maker, groups.missing), ...(filter === undefined ? [UNFILTERED] : [])],
        },
        groups,
        refuse: refuseImpossible,
        prepare: (records, id, plan, own) => prepareSandbox(records, id, plan, machine, own),
        removeTree: (hostPath, signal) => removeTree(bubblewrap, maker, hostPath, signal),
      };
    },
  };
}
