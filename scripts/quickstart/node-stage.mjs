// Where the story is told: a session on a node.
import { newRunId } from '@berth/wire';

/** Without a sign of life the session ends by itself after so many seconds, also when this process is killed. */
const LEASE_SECONDS = 60;

/** A new session from `image`. */
export async function openSession(client, image) {
  const { sessionId, spec } = await client.createSession({ spec: { image, leaseSeconds: LEASE_SECONDS } });
  return {
    name: `session ${sessionId}`,

    /** Records as they come; `write` answers a program that asks. */
    async run(code) {
      const runId = newRunId();
      await client.startRun(sessionId, { runId, mode: 'query', language: 'python', code });
      return client.attach(sessionId, runId);
    },

    list: (path) => client.listFiles(sessionId, path),

    async read(path) {
      const parts = [];
      for await (const part of await client.getFile(sessionId, path)) parts.push(part);
      return Buffer.concat(parts).toString();
    },

    /** On what it ran, in lines. */
    async about() {
      const node = await client.node();
      return [
        ...(node.isolation === 'none' ? ['isolation NONE'] : []),
        `Berth ${node.version}, Node.js ${process.versions.node}, driver ${node.driver} (${node.driverDetail || node.driverState})`,
        `image ${spec.image}, ${spec.cpus} CPU, ${spec.memoryBytes / 1024 ** 2} MiB of memory, network ${spec.network}`,
      ];
    },
  };
}
