/** Runs through the public client, on a node in a process of its own. */
import { newRunId } from '@berth/wire';
import { startBerth } from './berth-process.mjs';
import { IMAGE } from './node.mjs';

export async function overWebSocket() {
  const berth = await startBerth();
  const { sessionId } = await berth.client.createSession({ spec: { image: IMAGE, cpus: 2 } });
  return {
    /** Runs to the end; `count` gets the length of each piece of standard output. */
    async run(request, count = () => {}) {
      const runId = newRunId();
      await berth.client.startRun(sessionId, { runId, ...request });
      for await (const record of berth.client.attach(sessionId, runId)) {
        if (record.type === 'stdout') count(record.data.length);
      }
    },
    stop: () => berth.stop(),
  };
}
