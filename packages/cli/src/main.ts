/** The program: the only file here that knows the process. */
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@berth/wire';
import { runCli } from './cli.js';
import { Interrupted, Interrupts, type InterruptSignal } from './interrupts.js';
import { NodeAccess } from './node/access.js';
import type { PersonalScreen, Terminal } from './terminal.js';

const { env, stdin, stdout, stderr } = process;

// What a library may no longer do in some later Node (gRPC: an IP address as TLS server name) is no news for users.
process.noDeprecation = true;

const terminal: Terminal = {
  stdin,
  stdout,
  stderr,
  stdinIsTTY: stdin.isTTY === true,
  stderrIsTTY: stderr.isTTY === true,
  screen: stdin.isTTY && stdout.isTTY ? personalScreen() : undefined,
  colour: stderr.isTTY === true && !env['NO_COLOR'],
  defaultImage: env['BERTH_IMAGE'] || 'host',
};

const interrupts = new Interrupts((signal) => process.exit(new Interrupted(signal).exitCode));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] satisfies InterruptSignal[])
  process.on(signal, () => interrupts.signal(signal));
stdout.on('error', () => interrupts.signal('SIGPIPE'));
stderr.on('error', () => interrupts.signal('SIGPIPE'));

// Stands when nothing is left to wait for and yet there is no end: that is a defect, and must not look like success.
process.exitCode = ERRORS.internal.exit;
const program = fileURLToPath(new URL('../bin/berth.js', import.meta.url));
const code = await runCli(process.argv.slice(2), { terminal, interrupts, nodes: new NodeAccess(program) });
for (const stream of [stdout, stderr]) await new Promise((flushed) => stream.write('', flushed));
// Standard input may be open for as long as somebody likes.
process.exit(code);

function personalScreen(): PersonalScreen {
  return {
    kind: env['TERM'] || 'xterm-256color',
    // A terminal that does not know its size says 0.
    size: () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 }),
    onResize: (changed) => {
      stdout.on('resize', changed);
      return () => stdout.off('resize', changed);
    },
    raw: (on) => void stdin.setRawMode(on),
  };
}
