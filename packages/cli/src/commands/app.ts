import { whileNodeAway } from '@berth/client';
import { BerthError, type ServiceView } from '@berth/wire';
import { forward } from '../app/forward.js';
import { planApp } from '../app/request.js';
import { untilEnded } from '../app/until-ended.js';
import { usage } from '../args/parse.js';
import { defineCommand } from '../command.js';
import { Interrupted } from '../interrupts.js';
import { during } from '../progress.js';
import { notice, writeJson, writeLine } from '../terminal.js';

/** How long a new connection waits for a node that is away. */
const CONNECT_PATIENCE_MS = 20_000;

export const app = defineCommand({
  name: 'app',
  summary: 'open a service of a session on a port of this machine',
  usage: [
    'app [OPTIONS] SESSION NAME',
    'app [OPTIONS] SESSION PORT',
    'app [OPTIONS] SESSION NAME --kernel-port PORT -- COMMAND [ARGS...]',
  ],
  details: [
    'Starts the service if it does not run, waits until it accepts, and prints where it is. PORT is a port of the session on which something\n' +
      'listens already. Sessions need no network for it. Ctrl-C ends the forwarding; the service goes on (`berth services` lists and stops).',
    'When the node goes away, open connections end, and new ones wait for it to come back. The end of the session ends this too.',
    'Whoever can reach the local port can use the service, as far as the service itself asks for nothing: a token, a password.',
  ],
  options: {
    port: { type: 'string', value: 'N', help: 'port of this machine (default: any free one)' },
    listen: { type: 'string', value: 'ADDRESS', help: 'address of this machine (default 127.0.0.1)' },
    'kernel-port': { type: 'string', value: 'PORT', help: 'port in the session on which the service is to listen' },
    arg: { type: 'string', multiple: true, value: 'NAME[=VALUE]', help: 'argument that the service allows; may be repeated' },
    env: { type: 'string', multiple: true, value: 'K=V', help: 'variable that the service allows; may be repeated' },
  },
  words: { min: 2, max: 2 },
  wordNames: 'a SESSION and the NAME of a service; `berth services SESSION` lists them',
  examples: [
    ['app work jupyter', 'a Jupyter server, with its address and token'],
    ['app work 8080 --port 8080', 'what listens on port 8080 of the session'],
    ['app work web --kernel-port 8000 -- python3 -m http.server 8000', 'a program of your own'],
  ],
  async run({ values, words: [session = '', name = ''], rest }, { terminal, interrupts, nodes, json }) {
    const plan = planApp({ name, kernelPort: values['kernel-port'], args: values.arg, env: values.env, command: rest });
    if (typeof plan === 'string') throw usage(app, plan);
    const port = values.port === undefined ? 0 : localPort(values.port);
    if (port === undefined) throw usage(app, `--port is ${JSON.stringify(values.port)}: it must be 0 to 65535`);
    const host = values.listen ?? '127.0.0.1';
    const client = await nodes.lastingClient({ start: false });
    const abort = new AbortController();
    const giveBack = interrupts.take((signal) => abort.abort(new Interrupted(signal)));
    try {
      const { signal } = abort;
      const { service, target } = plan;
      const starting = service && whileNodeAway(() => client.startService(session, service, signal), { signal });
      const started = starting && (await during(terminal, `starting ${service.name}`, starting));
      if (!started) await client.getSession(session);
      const forwarding = await forward({
        host,
        port,
        open: () => whileNodeAway(() => client.openTunnel(session, target), { reconnectMs: CONNECT_PATIENCE_MS, signal }),
        onRefused: (error) => void (signal.aborted || notice(terminal, (error as Error).message)),
      });
      try {
        const told = placeOf(host, forwarding.port, started);
        if (json) await writeJson(terminal.stdout, told);
        else await writeLine(terminal.stdout, told.url ?? told.address);
        await untilEnded(
          client,
          session,
          signal,
          () => void notice(terminal, 'the node has gone away; waiting for it to come back'),
        );
      } finally {
        forwarding.close();
      }
    } finally {
      giveBack();
    }
    throw new BerthError('session-ended', `session ${session} has ended`);
  },
});

function localPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return port <= 65_535 ? port : undefined;
}

/** A port of which nothing is known may be of any protocol: the address alone is said. */
function placeOf(host: string, port: number, service: ServiceView | undefined) {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const url = service && service.path !== null ? `http://${address}${service.path}` : null;
  return { address, url, service: service?.name ?? null };
}
