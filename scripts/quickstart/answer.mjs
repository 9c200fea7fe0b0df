import { createInterface } from 'node:readline/promises';

/** True when somebody, or BERTH_QUICKSTART_INPUT, can answer a program that asks. */
export const canAnswer = () =>
  process.env.BERTH_QUICKSTART_INPUT !== undefined || Boolean(process.stdin.isTTY && process.stdout.isTTY);

/** The answer to a program's question, without its newline. */
export async function answerFor(prompt, { say, stop }) {
  const given = process.env.BERTH_QUICKSTART_INPUT;
  if (given !== undefined) {
    say(`  (the program asks "${prompt}", BERTH_QUICKSTART_INPUT answers "${given}")`);
    return given;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // The terminal is in raw mode while it asks, so Ctrl-C comes here and not as a signal.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await terminal.question(`  ${prompt}`, { signal: stop });
  } finally {
    terminal.close();
  }
}
