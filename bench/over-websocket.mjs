/** Runs through the public client's link, on a node in a process of its own. */
import { startBerth } from './berth-process.mjs';
import { IMAGE } from './node.mjs';

export async function overWebSocket() {
  const berth = await startBerth();
  const { sessionId } = await berth.client.createSession({ spec: { image: IMAGE, cpus: 2 } });
  const link = await berth.client.link(sessionId);
  return {
    /** Runs to the end; `count` gets the length of each piece of standard output. */
    async run(request, count = () => {}) {
      for await (const record of link.run(request)) {
        if (record.type === 'stdout') count(record.data.length);
      }
    },
    async stop() {
      link.close();
      await berth.stop();
    },
  };
}
