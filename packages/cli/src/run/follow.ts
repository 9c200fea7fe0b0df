/** Follows a run to its end: records out, input in, Ctrl-C to the program. */
import { whileNodeAway, type Attachment, type BerthClient } from '@berth/client';
import { BerthError, type Finished, type RunSignal } from '@berth/wire';
import type { Context } from '../command.js';
import { Interrupted, type InterruptSignal } from '../interrupts.js';
import { notice } from '../terminal.js';
import { Answers, forwardInput } from './input.js';
import { recordSink } from './sink.js';

export interface Followed {
  readonly session: string;
  readonly run: string;
  /** `forward`: all of standard input is the run's. `answer`: a line for each request. `none`. */
  readonly input: 'forward' | 'answer' | 'none';
}

/** Resolves with how the run ended. Rejects with {@link Interrupted} when this program is to end before. */
export async function follow(client: BerthClient, { session, run, input }: Followed, context: Context): Promise<Finished> {
  const { terminal, json } = context;
  const abort = new AbortController();
  const onAway = () => void notice(terminal, 'the node has gone away; waiting for it to come back');
  const attachment = client.attach(session, run, { signal: abort.signal, onAway });
  const signal = (name: RunSignal) =>
    whileNodeAway(() => client.signalRun(session, run, name)).catch((error: unknown) =>
      notice(terminal, (error as Error).message),
    );
  const giveBack = context.interrupts.take(ladder(signal, (reason) => abort.abort(reason)));
  const sink = recordSink(terminal, run, json);
  const answers = input === 'answer' ? new Answers(terminal) : undefined;
  // Ends with the program; until then a failure of standard input is no reason to stop.
  if (input === 'forward') forwardInput(terminal, attachment).catch(() => attachment.endInput());
  try {
    for await (const record of attachment) {
      await sink(record);
      if (record.type === 'finished') return record;
      if (record.type === 'waiting-input' && answers) await answer(attachment, answers, record);
    }
  } finally {
    giveBack();
  }
  throw new BerthError('internal', 'the run ended without saying how');
}

/** First Ctrl-C interrupts, the second kills, the third leaves at once; so does any other signal. */
function ladder(
  signal: (name: RunSignal) => Promise<void>,
  leave: (reason: Interrupted) => void,
): (name: InterruptSignal) => void {
  const steps: RunSignal[] = ['interrupt', 'kill'];
  return (name) => {
    const step = name === 'SIGINT' ? steps.shift() : undefined;
    if (step) void signal(step);
    else leave(new Interrupted(name));
  };
}

async function answer(
  attachment: Attachment,
  answers: Answers,
  { prompt, password }: { readonly prompt: string; readonly password: boolean },
): Promise<void> {
  const line = await answers.next(prompt, password);
  if (line === undefined) attachment.endInput();
  else await attachment.write(Buffer.from(`${line}\n`));
}
