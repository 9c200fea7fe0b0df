// One run in a session, its records shown as they come.
import { newRunId } from '@berth/wire';
import { answerFor } from './answer.mjs';

/** Runs `code` in the session's Python and shows what it does. Answers its end, and the media that it displayed. */
export async function runShown({ client, session, code, say, stop }) {
  const runId = newRunId();
  const started = performance.now();
  const lines = new LineWriter((line) => say(`  ${seconds(started)} | ${line}`));
  await client.startRun(session, { runId, mode: 'query', language: 'python', code });
  const attachment = client.attach(session, runId);
  const media = [];
  let finished;
  for await (const record of attachment) {
    if (record.type === 'stdout' || record.type === 'stderr') lines.write(record.data);
    if (record.type === 'media') media.push(record);
    if (record.type === 'waiting-input') {
      lines.end();
      await attachment.write(Buffer.from(`${await answerFor(record.prompt, { say, stop })}\n`));
    }
    if (record.type === 'finished') finished = record;
  }
  lines.end();
  return { finished, media };
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1).padStart(4)} s`;

/** Cuts a stream into lines; a character is never split. */
class LineWriter {
  #decoder = new TextDecoder();
  #rest = '';
  #show;

  constructor(show) {
    this.#show = show;
  }

  write(data) {
    const lines = (this.#rest + this.#decoder.decode(data, { stream: true })).split('\n');
    this.#rest = lines.pop();
    lines.forEach(this.#show);
  }

  end() {
    if (this.#rest !== '') this.#show(this.#rest);
    this.#rest = '';
  }
}
