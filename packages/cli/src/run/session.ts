/** A session for one program: made, used, removed. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { whileNodeAway, type BerthClient } from '@berth/client';
import { isBerthError, newRunId, newSessionId } from '@berth/wire';
import type { BodyOf } from '@berth/wire/http';
import type { Context } from '../command.js';
import { saveOutputs } from '../files/save-outputs.js';
import { interruptible, patiently } from '../files/transfer.js';
import { Interrupted } from '../interrupts.js';
import { during } from '../progress.js';
import { notice } from '../terminal.js';
import { exitCodeOf } from './exit-code.js';
import { follow } from './follow.js';
import { hasInput } from './input.js';
import type { Program } from './program.js';

export interface RunPlan {
  readonly program: Program;
  readonly spec: BodyOf<'createSession'>['spec'];
  /** Name of the session; undefined: a new one. */
  readonly name: string | undefined;
  /** The session stays when the program has ended. */
  readonly keep: boolean;
  /** Where to bring what the program leaves in `.output`; undefined: nowhere. */
  readonly outputs: string | undefined;
  /** Milliseconds for the program. */
  readonly timeoutMs: number | undefined;
  /** A client that is killed can remove nothing: without a sign of life from it, the session ends by itself after so long. */
  readonly leaseSeconds: number;
}

/** A node that never comes back can end nothing either: then the runner does. Longer than any restart that a client waits for. */
const DEAD_MAN_SECONDS = 600;
/** The session's own end follows anyway; a node that is away should not hold up the shell. */
const REMOVAL_PATIENCE_MS = 5000;

/** Resolves with the program's exit code. */
export async function runInSession(client: BerthClient, plan: RunPlan, context: Context): Promise<number> {
  const session = plan.name ?? newSessionId();
  let made = false;
  try {
    await create(client, session, plan, context);
    made = true;
    if (plan.keep) await notice(context.terminal, `the session is ${session}`);
    const { upload } = plan.program;
    if (upload)
      await whileNodeAway(() => client.putFile(session, upload.to, Readable.toWeb(createReadStream(upload.from)) as never));
    const run = newRunId();
    const input = hasInput(context.terminal) ? 'forward' : 'none';
    await whileNodeAway(() =>
      client.startRun(session, {
        mode: 'batch',
        runId: run,
        argv: [...plan.program.argv],
        stdin: input === 'forward' ? 'open' : 'none',
        // A kept session has no reader for certain, and must not stand still for the lack of one.
        durable: !plan.keep,
        ...(plan.program.interpreter ? { interpreter: plan.program.interpreter } : {}),
        ...(plan.timeoutMs === undefined ? {} : { timeoutMs: plan.timeoutMs }),
      }),
    );
    const finished = await follow(client, { session, run, input }, context);
    if (plan.outputs !== undefined) await fetchOutputs(client, { session, run, directory: plan.outputs }, context);
    return exitCodeOf(finished);
  } finally {
    if (made && !plan.keep) await remove(client, session, plan.leaseSeconds, context);
  }
}

async function fetchOutputs(
  client: BerthClient,
  { session, run, directory }: { readonly session: string; readonly run: string; readonly directory: string },
  context: Context,
): Promise<void> {
  await interruptible(client, context, async (transfer) => {
    const { files } = await patiently(transfer, () => client.runOutputs(session, run));
    await saveOutputs(transfer, { session, files, directory });
  });
}

/** Ctrl-C while it is made undoes it. */
async function create(client: BerthClient, session: string, plan: RunPlan, { terminal, interrupts }: Context): Promise<void> {
  const abort = new AbortController();
  const giveBack = interrupts.take((signal) => abort.abort(new Interrupted(signal)));
  const leased = { leaseSeconds: plan.leaseSeconds, deadManSeconds: DEAD_MAN_SECONDS };
  const body = { sessionId: session, spec: { ...plan.spec, ...(plan.keep ? {} : leased) } };
  try {
    const creation = whileNodeAway(() => client.createSession(body, abort.signal), { signal: abort.signal });
    await during(terminal, `starting a session of ${plan.spec.image}`, creation);
  } finally {
    giveBack();
  }
}

async function remove(client: BerthClient, session: string, leaseSeconds: number, { terminal }: Context): Promise<void> {
  try {
    await whileNodeAway(() => client.deleteSession(session, { graceMs: 0 }), { reconnectMs: REMOVAL_PATIENCE_MS });
  } catch (error) {
    if (isBerthError(error) && (error.code === 'no-such-session' || error.code === 'session-ended')) return;
    await notice(
      terminal,
      `session ${session} could not be removed now (${(error as Error).message}); it ends by itself within ${leaseSeconds} s`,
    );
  }
}
