/**
 * `npm run bench [-- ROW...]`: measures the rows of docs/benchmarks.md, each against its floor in the same run. Exits 1 when
 * a goal is missed. All but `sandbox` want a Docker (DOCKER_HOST) with the image of BERTH_BENCH_IMAGE (default: the tests' Debian image);
 * `sandbox` wants bubblewrap.
 */
import { report } from './harness.mjs';
import { startNode } from './node.mjs';
import { overWebSocket } from './over-websocket.mjs';
import { cold } from './rows/cold.mjs';
import { execute } from './rows/execute.mjs';
import { files } from './rows/files.mjs';
import { lifecycle } from './rows/lifecycle.mjs';
import { memory } from './rows/memory.mjs';
import { sandbox } from './rows/sandbox.mjs';
import { statistics } from './rows/statistics.mjs';
import { stream } from './rows/stream.mjs';

// It costs every Node start some 50 ms and is no part of the product.
if (process.env.NODE_EXTRA_CA_CERTS !== undefined) {
  console.error('unset NODE_EXTRA_CA_CERTS: it would be measured with each start of Node');
  process.exit(64);
}

// Only now: the row of sandboxes does without Docker.
let node;
const onDocker = async () => (node ??= await startNode());

const ROWS = {
  cold: async () => cold(await onDocker()),
  sandbox: () => sandbox(),
  execute: async () => execute(await onDocker(), overWebSocket),
  stream: async () => stream(await onDocker(), overWebSocket),
  files: () => files(),
  lifecycle: async () => lifecycle(await onDocker()),
  memory: () => memory(),
  statistics: () => statistics(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in ROWS));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; there are ${Object.keys(ROWS).join(', ')}`);
  process.exit(64);
}

const rows = [];
// What an agent waits for does not keep a process alive.
setInterval(() => {}, 60_000);
try {
  for (const name of wanted.length > 0 ? wanted : Object.keys(ROWS)) {
    console.log(`measuring ${name} ...`);
    rows.push(await ROWS[name]());
  }
} finally {
  await node?.stop();
}
process.exit((await report(rows)) ? 0 : 1);
