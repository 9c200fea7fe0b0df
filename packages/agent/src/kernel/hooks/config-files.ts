import { chmod, mkdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { replaceFile } from '@berth/base';
import { IN_KERNEL } from '@berth/wire';
import type { KernelFacts } from '../../model/facts.js';
import type { Logger } from '../../ports/logger.js';
import type { LifecycleHook } from '../hook.js';
import { scratchLayout } from '../scratch-layout.js';
import { environText } from './environ-text.js';
import type { MountPointMaker } from './mounts.js';
import { resourcesOf, resourceText } from './resource-text.js';

const NAME = '.config';

export interface ConfigFilesOptions {
  readonly scratchRoot: string;
  /** Without a mount point of ours the engine would leave one of root's in the user's home (seed spec, D15). */
  readonly makeMountPoint: MountPointMaker;
  /** What `environ.txt` says. */
  readonly environment: (facts: KernelFacts) => Readonly<Record<string, string>>;
  readonly logger: Logger;
}

/** `environ.txt` and `resource.txt`, which runners and libraries of 2018 read in /home/work/.config. Comes after the scratch. */
export function configFilesHook({ scratchRoot, makeMountPoint, environment, logger }: ConfigFilesOptions): LifecycleHook {
  return {
    name: 'config files',
    async acquire({ facts, draft }) {
      const { config } = scratchLayout(scratchRoot, facts);
      await mkdir(config, { recursive: true });
      await chmod(config, 0o755);
      const { text, leftOut } = environText(environment(facts));
      if (leftOut.length > 0) {
        logger.warn({ kernel: facts.kernelId, variables: leftOut }, 'variables with the end of a line are not in environ.txt');
      }
      await writeForAll(join(config, 'environ.txt'), text);
      await writeForAll(join(config, 'resource.txt'), resourceText(resourcesOf(facts.spec)));
      await makeMountPoint(facts, NAME);
      draft.mounts.push({ source: config, target: posix.join(IN_KERNEL.work, NAME), readOnly: true });
    },
    // They go with the scratch.
    async release() {},
  };
}

/** The user of the kernel reads it, and the agent's umask must not stand in the way. */
async function writeForAll(path: string, text: string): Promise<void> {
  await replaceFile(path, text, 0o644);
  await chmod(path, 0o644);
}
