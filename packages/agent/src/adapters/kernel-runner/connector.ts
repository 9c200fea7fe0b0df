/**
 * Opens links to kernels whose image brings the kernel-runner of 2018 (seed spec 9; docs/kernel-runner.md). Runs and output are in a
 * spool on disk: each link, of this life of the agent or a later one, begins with what is there.
 */
import { randomBytes } from 'node:crypto';
import { systemClock, withDeadline, type Clock } from '@berth/base';
import { BerthError, RUNNER_PROTOCOL, type Hello } from '@berth/wire';
import type { ChannelTarget, RunnerConnector } from '../../ports/channel.js';
import { KernelRunnerChannel } from './channel.js';
import { RunList } from './run-list.js';
import { RunnerSockets, type RunnerAddress } from './sockets.js';
import { Spool } from './spool.js';

const CONNECT_MS = 5000;

export interface KernelRunnerOptions {
  /** Where the kernel's ports 2000 and 2001 are on this machine now; undefined while there is no running container. */
  readonly addressOf: (target: ChannelTarget, signal: AbortSignal) => Promise<RunnerAddress | undefined>;
  readonly clock?: Clock;
}

/** The connector rejects with `runner-lost` when the runner does not answer within 5 s, or its container has no ports. */
export function kernelRunnerConnector({ addressOf, clock = systemClock }: KernelRunnerOptions): RunnerConnector {
  const open = new Map<string, KernelRunnerChannel>();

  async function connect(target: ChannelTarget, signal: AbortSignal): Promise<KernelRunnerChannel> {
    // Two readers would share a kernel's output between them.
    const before = open.get(target.runDirectory);
    before?.close();
    await before?.closed;
    const address = await addressOf(target, signal);
    if (!address) throw new BerthError('runner-lost', 'the container has no ports of a kernel-runner');
    signal.throwIfAborted();
    const { spool, runs } = Spool.open(target.runDirectory);
    const list = new RunList(spool, runs, target.spec.retention);
    const { runDirectory, token: secret } = target;
    const has = (run: number, seq: number, first: number) => list.has(run, seq, first);
    const sockets = await RunnerSockets.open({ address, runDirectory, secret, has }, signal);
    const channel = new KernelRunnerChannel(helloOf(target, runs.length > 0), sockets, list, clock);
    open.set(target.runDirectory, channel);
    void channel.closed.then(() => {
      if (open.get(target.runDirectory) === channel) open.delete(target.runDirectory);
    });
    try {
      await channel.open(signal);
      return channel;
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  return {
    connect: (target, signal) =>
      withDeadline('the kernel-runner', CONNECT_MS, (deadline) => connect(target, deadline), signal).catch(lost),
  };
}

function lost(error: unknown): never {
  if (error instanceof BerthError) throw error;
  throw new BerthError('runner-lost', `the kernel-runner cannot be reached: ${(error as Error).message}`, { cause: error });
}

const helloOf = ({ kernelId, incarnation }: ChannelTarget, claimed: boolean): Hello => ({
  ...RUNNER_PROTOCOL,
  build: 'kernel-runner',
  kernel: kernelId,
  incarnation,
  boot: randomBytes(8).toString('hex'),
  claimed,
});
