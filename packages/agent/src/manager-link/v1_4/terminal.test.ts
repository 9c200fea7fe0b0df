/** The sockets are real, on loopback; the kernel is played. */
import { Publisher, Subscriber } from 'zeromq';
import { systemClock } from '@berth/base';
import { completeKernelSpec, type KernelId, type RunId, type SessionId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeKernelService } from '../../../testing/fake-kernel-service.js';
import { silentLogger } from '../../ports/logger.js';
import { TerminalSockets } from '../transport/terminal-sockets.js';
import { createZapGate, type ZapGate } from '../transport/zap-gate.js';
import { PortRange } from './port-range.js';
import { Terminal } from './terminal.js';
import { Terminals } from './terminals.js';
import { toAnnotations } from './notes.js';

const K1 = 'k1' as KernelId;
const FIRST = 'terminal-1' as RunId;
const RANGE = [30_500, 30_999] as const;

let service: FakeKernelService;
let gate: ZapGate;
let closers: (() => unknown)[];
beforeEach(async () => {
  // What is typed comes back; `exit` ends the shell.
  service = new FakeKernelService({
    async '/bin/sh'(run) {
      run.print('$ ');
      for (let text; (text = await run.read()) !== undefined && text !== 'exit';) run.print(text);
      run.finish();
    },
  });
  gate = await createZapGate({ allow: [], logger: silentLogger });
  closers = [() => gate.close()];
  const spec = completeKernelSpec({ image: 'fake' });
  await service.createKernel({ kernelId: K1, sessionId: 'k1' as SessionId, spec });
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

/** The manager's end. */
function manager({ stdinPort, stdoutPort }: { readonly stdinPort: number; readonly stdoutPort: number }) {
  const input = new Publisher({ linger: 0 });
  const output = new Subscriber({ linger: 0 });
  input.connect(`tcp://127.0.0.1:${stdinPort}`);
  output.subscribe();
  output.connect(`tcp://127.0.0.1:${stdoutPort}`);
  closers.push(() => (input.close(), output.close()));
  let shown = '';
  return {
    type: (text: string) => input.send(text),
    /** Types again and again, since a PUB loses what it sends before its peer has subscribed; resolves with what was shown. */
    async until(typed: string, wanted: string): Promise<string> {
      const again = setInterval(() => void input.send(typed).catch(() => {}), 50);
      try {
        while (!shown.includes(wanted)) shown += (await output.receive()).join('');
        return shown;
      } finally {
        clearInterval(again);
      }
    },
  };
}

async function serve(): Promise<{ terminal: Terminal; sockets: TerminalSockets }> {
  const sockets = await TerminalSockets.bind(gate, '127.0.0.1', new PortRange(...RANGE).candidates());
  const terminal = new Terminal({ kernelId: K1, service, sockets, clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  const served = terminal.serve(stop.signal);
  closers.push(async () => {
    stop.abort();
    sockets.close();
    await served;
  });
  return { terminal, sockets };
}

describe('the terminal of a kernel', () => {
  it('gives what is typed to a shell, and what the shell shows to the manager', async () => {
    const { sockets } = await serve();
    expect(await manager(sockets.ports).until('x', 'x')).toContain('x');
  });

  it('counts as use of the kernel', async () => {
    const { sockets } = await serve();
    await manager(sockets.ports).until('x', 'x');
    expect(service.renewals).toContain(K1);
  });

  it('has another shell when one ends', async () => {
    const { sockets } = await serve();
    const side = manager(sockets.ports);
    await side.until('x', 'x');
    await side.type('exit');
    expect(await side.until('y', 'y')).toContain('here is another');
    expect((await service.listRuns(K1)).map(({ runId }) => runId)).toEqual(['terminal-1', 'terminal-2']);
  });

  it('tells the shell the size of the window', async () => {
    const { terminal, sockets } = await serve();
    await manager(sockets.ports).until('x', 'x');
    await terminal.resize({ rows: 50, columns: 132 });
    expect(service.resizes).toEqual([{ runId: FIRST, rows: 50, columns: 132 }]);
  });

  it('ends with its kernel', async () => {
    const sockets = await TerminalSockets.bind(gate, '127.0.0.1', new PortRange(...RANGE).candidates());
    const terminal = new Terminal({ kernelId: K1, service, sockets, clock: systemClock, logger: silentLogger });
    const served = terminal.serve(new AbortController().signal);
    await manager(sockets.ports).until('x', 'x');
    await service.destroyKernel(K1);
    await served;
    sockets.close();
  });
});

describe('terminals over a restart of the agent', () => {
  function terminals(): Terminals {
    const ports = new PortRange(...RANGE);
    const all = new Terminals({ service, gate, host: '127.0.0.1', ports, clock: systemClock, logger: silentLogger });
    closers.push(() => all.close());
    return all;
  }
  const adopted = (ports: TerminalSockets['ports']) => ({
    ...service.getKernel(K1),
    spec: completeKernelSpec({
      image: 'fake',
      annotations: toAnnotations({
        lang: 'git:latest',
        shares: { cpu: '1', mem: '1', gpu: '0' },
        execTimeoutSeconds: 0,
        terminal: ports,
      }),
    }),
  });

  it('are on the same ports, in the same shell', async () => {
    const first = terminals();
    const sockets = await first.bind();
    first.serve(K1, sockets);
    await manager(sockets.ports).until('x', 'x');
    await first.close();
    const second = terminals();
    await second.adopt(adopted(sockets.ports));
    await manager(sockets.ports).until('y', 'y');
    expect((await service.listRuns(K1)).map(({ runId }) => runId)).toEqual(['terminal-1']);
  });

  it('whose ports are taken are left out, and spoil nothing', async () => {
    const sockets = await terminals().bind();
    closers.push(() => sockets.close());
    const next = terminals();
    await next.adopt(adopted(sockets.ports));
    await next.resize(K1, { rows: 1, columns: 1 });
    expect(service.resizes).toEqual([]);
  });
});

it('every port of a range is tried once, and the next kernel begins behind the last', () => {
  const range = new PortRange(5, 8);
  const first = range.candidates();
  expect([first.next().value, first.next().value]).toEqual([5, 6]);
  expect([...range.candidates()]).toEqual([7, 8, 5, 6]);
});
