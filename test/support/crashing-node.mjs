/**
 * A node that kills itself at one step of the journals: `node crashing-node.mjs N before|after`. It dies with SIGKILL before or
 * after the N-th append of this life (counted over all kernels), as `kill -9` at that very moment would end it.
 */
import { readSettings, serve } from '@berth/agent/commands';

const [step, moment] = [Number(process.argv[2]), process.argv[3]];
let appends = 0;
const die = () => process.kill(process.pid, 'SIGKILL');

const wrap = (journal) => ({
  async append(entry, options) {
    appends += 1;
    if (appends === step && moment === 'before') die();
    await journal.append(entry, options);
    if (appends === step && moment === 'after') die();
  },
  close: () => journal.close(),
});

const journals = (real) => ({
  create: async (kernelId) => wrap(await real.create(kernelId)),
  load: async () => {
    const { found, unusable } = await real.load();
    return { found: found.map((one) => ({ ...one, journal: wrap(one.journal) })), unusable };
  },
  remove: (kernelId) => real.remove(kernelId),
});

await serve({ settings: readSettings(), listen: '127.0.0.1:0', ephemeral: false, parts: { journals } }, () => {});
