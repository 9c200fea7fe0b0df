/** Removes a directory tree of other owners, with the rights of the engine: an ordinary agent has no other way. */
import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BerthError } from '@berth/wire';
import type { ImageFacts } from '../../ports/driver.js';
import { LIMIT_MS, type Engine } from './engine.js';
import { removeContainer } from './remove.js';

/** Where the parent of the tree is seen in the helper. */
const INSIDE = '/tmp';

/**
 * Runs the machine's own `rm` as root in a container of the image `host`. The parent is mounted, since what is mounted itself
 * cannot be removed. Links in the tree are removed, not followed. Resolves when the tree is gone, also if it was already.
 */
export async function removeTree(engine: Engine, image: ImageFacts, hostPath: string, signal?: AbortSignal): Promise<void> {
  const parent = dirname(hostPath);
  if (parent === '/' || basename(hostPath) !== hostPath.slice(parent.length + 1)) {
    throw new BerthError('create-failed', `${hostPath} is no directory of ours to remove`);
  }
  if (await missing(parent)) return;
  const name = `berth-rm-${createHash('sha256').update(hostPath).digest('hex').slice(0, 24)}`;
  // A helper of the same name was left by a crash.
  await removeContainer(engine, name, signal);
  const exitCode = await engine.call(
    `removing ${hostPath}`,
    async (docker, abortSignal) => {
      const helper = await docker.createContainer({ ...helperOptions(image, parent, basename(hostPath)), name });
      const gone = helper.wait({ condition: 'removed', abortSignal }) as Promise<{ StatusCode: number }>;
      gone.catch(() => {});
      await helper.start({ abortSignal });
      return (await gone).StatusCode;
    },
    { signal, limitMs: LIMIT_MS.work },
  );
  if (exitCode !== 0)
    throw new BerthError('create-failed', `removing ${hostPath} in a helper container failed with exit code ${exitCode}`);
}

function helperOptions(image: ImageFacts, parent: string, base: string) {
  const shown = image.mounts.map(
    ({ source, target }) => ({ Type: 'bind', Source: source, Target: target, ReadOnly: true }) as const,
  );
  return {
    Image: image.imageId,
    User: '0:0',
    Entrypoint: ['/usr/bin/env', 'rm', '-rf', '--one-file-system', '--', `${INSIDE}/${base}`],
    Cmd: [],
    NetworkDisabled: true,
    HostConfig: {
      // The engine cleans up even when the agent dies now.
      AutoRemove: true,
      CapDrop: ['ALL'],
      CapAdd: ['DAC_OVERRIDE', 'FOWNER'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      LogConfig: { Type: 'none', Config: {} },
      NetworkMode: 'none',
      Mounts: [...shown, { Type: 'bind', Source: parent, Target: INSIDE, ReadOnly: false } as const],
    },
  };
}

const missing = (path: string): Promise<boolean> =>
  access(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
