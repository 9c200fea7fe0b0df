import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthClient } from '@berth/client';
import type { Finished } from '@berth/wire';
import { KEY, someRun, startFakeNode, type FakeNode } from '../../../gateway/testing/fake-node.js';
import type { Context } from '../command.js';
import { Interrupts } from '../interrupts.js';
import { followInTerminal } from './in-terminal.js';

let node: FakeNode;
beforeEach(async () => {
  node = await startFakeNode();
});
afterEach(() => node.gateway.close());

interface Sitting {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly interrupts: Interrupts;
  /** What the terminal was told, in order. */
  readonly told: string[];
  resizeTo(rows: number, columns: number): void;
  readonly run: ReturnType<FakeNode['service']['run']>;
  readonly end: Promise<Finished | undefined>;
}

/** A person at a terminal in which `argv` runs. */
async function sit(argv: string[]): Promise<Sitting> {
  let size = { rows: 24, columns: 80 };
  let changed = () => {};
  const told: string[] = [];
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const screen = {
    kind: 'vt100',
    size: () => size,
    onResize: (listener: () => void) => {
      changed = listener;
      return () => void told.push('unwatched');
    },
    raw: (on: boolean) => void told.push(on ? 'raw' : 'restored'),
  };
  const interrupts = new Interrupts(() => {});
  const terminal = { stdin, stdout, stderr, stdinIsTTY: true, stderrIsTTY: true, colour: false, defaultImage: 'host', screen };
  const { session, run } = await someRun(node.service, argv, null, { stdin: 'open', terminal: size });
  const client = new BerthClient({ endpoint: node.endpoint, key: KEY });
  const context = { terminal, interrupts, json: false } as unknown as Context;
  const end = followInTerminal(client, { session, run, screen }, context);
  end.catch(() => {});
  return {
    stdin,
    stdout,
    interrupts,
    told,
    resizeTo(rows, columns) {
      size = { rows, columns };
      changed();
    },
    run: node.service.run(session, run),
    end,
  };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const RESTORED = ['raw', 'restored', 'unwatched'];

describe('a person at the terminal of a run', () => {
  it('sees the screen, types, and has the terminal back in the end', async () => {
    const { stdin, stdout, told, end } = await sit(['upper']);
    stdin.write('typed\x03');
    await until(() => stdout.readableLength >= 6);
    expect(String(stdout.read())).toBe('TYPED\x03');
    expect(told).toEqual(['raw']);
    stdin.end();
    expect(await end).toMatchObject({ exitCode: 0 });
    expect(told).toEqual(RESTORED);
  });

  it('tells the size at the beginning and whenever it changes', async () => {
    const { resizeTo, run, end } = await sit(['stubborn']);
    await until(() => node.service.resizes.length === 1);
    resizeTo(50, 132);
    await until(() => node.service.resizes.length === 2);
    expect(node.service.resizes.map(({ rows, columns }) => [rows, columns])).toEqual([
      [24, 80],
      [50, 132],
    ]);
    run.finish({ exitCode: 4 });
    expect(await end).toMatchObject({ exitCode: 4 });
  });

  it('leaves with one key, which the program never gets, and the run goes on', async () => {
    const { stdin, stdout, told, end, run } = await sit(['upper']);
    stdin.write('ab\x1dcd');
    expect(await end).toBeUndefined();
    expect(told).toEqual(RESTORED);
    expect(run.view.state).toBe('running');
    expect(String(stdout.read() ?? '')).not.toContain('C');
  });

  it('has the terminal back when the program is ended by a signal, or the session is gone', async () => {
    const ended = await sit(['stubborn']);
    await until(() => ended.stdout.readableLength > 0);
    ended.interrupts.signal('SIGHUP');
    await expect(ended.end).rejects.toMatchObject({ exitCode: 129 });
    expect(ended.told).toEqual(RESTORED);

    const lost = await sit(['stubborn']);
    await until(() => lost.stdout.readableLength > 0);
    for (const { kernelId } of node.service.listKernels()) await node.service.destroyKernel(kernelId);
    await expect(lost.end).rejects.toMatchObject({ name: 'BerthError' });
    expect(lost.told).toEqual(RESTORED);
  });
});
