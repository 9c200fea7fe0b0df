/** One run of such a kernel: what is on disk of it, its readers, its input. */
import { BerthError, encodeRecordPayload, RECORD_TYPES, type Finished, type RunId, type RunView } from '@berth/wire';
import type { AttachOptions, RunStream } from '@berth/wire';
import type { Timer } from '@berth/base';
import { commandsOf, type RunCommands } from './commands.js';
import { RunInput } from './input.js';
import type { Unnumbered } from './outputs.js';
import type { Spool, SpooledRun } from './spool.js';
import { SpoolStream } from './stream.js';

const WINDOW_BYTES = 4 * 1024 * 1024;

export class KernelRun {
  readonly id: RunId;
  readonly spooled: SpooledRun;
  readonly commands: RunCommands;
  readonly input: RunInput;
  /** Its own time limit. */
  limit: Timer | undefined;
  /** Monotonic time from which on an interrupt is passed on. */
  interruptibleAt = 0;
  /** Confirmations that are not written down yet. */
  unsaved = false;
  readonly #spool: Spool;
  readonly #streams = new Set<SpoolStream>();

  constructor(spool: Spool, spooled: SpooledRun) {
    this.#spool = spool;
    this.spooled = spooled;
    this.id = spooled.notes.request.runId;
    this.commands = commandsOf(spooled.notes.request);
    this.input = new RunInput(spooled.notes.inputOffset);
  }

  get notes(): SpooledRun['notes'] {
    return this.spooled.notes;
  }

  get log(): SpooledRun['log'] {
    return this.spooled.log;
  }

  get isRead(): boolean {
    return this.#streams.size > 0;
  }

  /** Finished, and nobody misses anything of it. */
  get isDelivered(): boolean {
    return this.log.finished !== null && this.log.acknowledged === this.log.highest;
  }

  view(): RunView {
    const { log, notes } = this;
    return {
      runId: this.id,
      mode: notes.request.mode,
      state: log.finished ? 'finished' : notes.sentAt === null ? 'queued' : 'running',
      lowest: log.lowest,
      highest: log.highest,
      acknowledged: log.acknowledged,
      finished: log.finished,
    };
  }

  save(): void {
    this.#spool.save(this.spooled);
    this.unsaved = false;
  }

  /** Throws, having kept nothing, when the disk is full. */
  append(records: readonly Unnumbered[]): void {
    this.log.append(records);
    for (const stream of this.#streams) stream.pump();
  }

  finish(end: Finished): void {
    const payload = encodeRecordPayload({ seq: 0, type: 'finished', ...end });
    this.append([{ type: RECORD_TYPES.finished, payload }]);
    this.limit?.cancel();
    this.input.discard();
    this.log.close();
  }

  attach({ from, windowBytes = WINDOW_BYTES }: AttachOptions, onAck: () => void): RunStream {
    const stream: SpoolStream = new SpoolStream(
      {
        log: this.log,
        acknowledged: (seq) => {
          this.log.acknowledge(seq);
          this.unsaved = true;
          onAck();
        },
        closed: () => void this.#streams.delete(stream),
      },
      from,
      windowBytes,
    );
    this.#streams.add(stream);
    return stream;
  }

  /** The link is gone, the spool stays. */
  close(error: BerthError): void {
    this.limit?.cancel();
    if (this.unsaved) this.save();
    this.#endStreams(error);
    this.log.close();
  }

  remove(): void {
    this.#endStreams(new BerthError('no-such-run', `the output of run ${this.id} is no longer kept`));
    this.#spool.remove(this.spooled);
  }

  #endStreams(error: BerthError): void {
    for (const stream of this.#streams) stream.fail(error);
    this.#streams.clear();
  }
}
