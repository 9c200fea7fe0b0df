/**
 * `npm run bench [-- ROW...]`: measures the rows of docs/benchmarks.md, each against its floor in the same run. Exits 1 when
 * a goal is missed. Wants a Docker (DOCKER_HOST) with the image of BERTH_BENCH_IMAGE (default: the tests' Debian image).
 */
import { report } from './harness.mjs';
import { startNode } from './node.mjs';
import { overWebSocket } from './over-websocket.mjs';
import { cold } from './rows/cold.mjs';
import { execute } from './rows/execute.mjs';
import { lifecycle } from './rows/lifecycle.mjs';
import { memory } from './rows/memory.mjs';
import { statistics } from './rows/statistics.mjs';
import { stream } from './rows/stream.mjs';

// It costs every Node start some 50 ms and is no part of the product.
if (process.env.NODE_EXTRA_CA_CERTS !== undefined) {
  console.error('unset NODE_EXTRA_CA_CERTS: it would be measured with each start of Node');
  process.exit(64);
}

const ROWS = {
  cold: (node) => cold(node),
  execute: (node) => execute(node, overWebSocket),
  stream: (node) => stream(node, overWebSocket),
  lifecycle: (node) => lifecycle(node),
  memory: () => memory(),
  statistics: () => statistics(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in ROWS));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; there are ${Object.keys(ROWS).join(', ')}`);
  process.exit(64);
}

const node = await startNode();
const rows = [];
try {
  for (const name of wanted.length > 0 ? wanted : Object.keys(ROWS)) {
    console.log(`measuring ${name} ...`);
    rows.push(await ROWS[name](node));
  }
} finally {
  await node.stop();
}
process.exit((await report(rows)) ? 0 : 1);
