/**
 * Entry of the bundle: `runner.mjs --kernel ID --incarnation N [--inner FILE] [--run DIR --carry DIR --work DIR]`. `--inner` names what
 * puts programs into namespaces of their own (InnerNamespaces of wire). The others say where its places are when nothing is mounted for
 * it: without isolation, and in tests. `runner.mjs --terminal ADDON` holds a terminal for a runner.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '@berth/base';
import { isId } from '@berth/wire';
import { closeInherited } from './inherited.js';
import { placesOf } from './places.js';
import { readInner } from './processes/inner.js';
import { Runner } from './runner.js';
import { holdTerminal } from './terminal/holder.js';

/** Put in by the bundler. */
declare const BERTH_BUILD: string;

const { values } = parseArgs({
  options: {
    kernel: { type: 'string' },
    incarnation: { type: 'string' },
    run: { type: 'string' },
    carry: { type: 'string' },
    work: { type: 'string' },
    terminal: { type: 'string' },
    inner: { type: 'string' },
  },
});
const { kernel, terminal } = values;
if (terminal !== undefined) process.exit(await holdTerminal(terminal));

const incarnation = Number(values.incarnation);
if (!isId(kernel) || !Number.isSafeInteger(incarnation) || incarnation < 1) {
  process.stderr.write('usage: runner.mjs --kernel ID --incarnation N [--inner FILE] [--run DIR --carry DIR --work DIR]\n');
  process.exit(64);
}

closeInherited();
process.umask(0o022);
const runner = new Runner({
  kernel,
  incarnation,
  build: BERTH_BUILD,
  places: placesOf(values),
  clock: systemClock,
  init: ownInit(),
  inner: values.inner === undefined ? undefined : readInner(values.inner),
  onEnd: () => process.exit(0),
});
process.on('SIGTERM', () => void runner.end('shutdown', 2000));
process.on('SIGINT', () => {});
await runner.start();

/** The parent, if it is an init of this kernel's own. Outside of a kernel, pid 1 has children that are not ours. */
function ownInit(): number | undefined {
  if (values.run === undefined) return process.ppid === 1 ? 1 : undefined;
  const name = readFileSync(`/proc/${process.ppid}/comm`, 'latin1');
  return process.ppid !== 1 && /^(tini|docker-init)/.test(name) ? process.ppid : undefined;
}
