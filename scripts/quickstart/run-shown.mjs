// One run of the story, its records shown as they come.
import { answerFor } from './answer.mjs';

/** Runs `code` in the Python of the stage and shows what it does. Answers its end, and the media that it displayed. */
export async function runShown({ stage, code, say, stop }) {
  const started = performance.now();
  const lines = new LineWriter((line) => say(`  ${seconds(started)} | ${line}`));
  const attachment = await stage.run(code);
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
