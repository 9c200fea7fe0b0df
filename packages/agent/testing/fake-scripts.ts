/** What runs of a fake kernel do, by name. */
import type { RunRequest } from '@berth/wire';
import type { FakeRun } from './fake-run.js';

/** Plays a run. A script that returns without {@link FakeRun.finish} leaves the run going. */
export type Script = (run: FakeRun) => Promise<void> | void;

/** Scripts by the first word of a batch's argv, or of a query's code. */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  /** `numbers N [CODE]`: the numbers from 1 to N, a line and a record each. */
  numbers(run) {
    const [, count = '10', code = '0'] = words(run.request);
    for (let i = 1; i <= Number(count); i++) run.print(`${i}\n`);
    run.finish({ exitCode: Number(code) });
  },
  /** `exit CODE` */
  exit: (run) => run.finish({ exitCode: Number(words(run.request)[1]) }),
  /** Gives its input back in capitals. */
  async upper(run) {
    for (let text; (text = await run.read()) !== undefined;) run.print(text.toUpperCase());
    run.finish();
  },
  /** Runs until it is interrupted. */
  async wait(run) {
    run.print('waiting\n');
    if ((await run.signalled()) === 'interrupt') run.finish({ exitCode: null, signal: 'SIGINT', reason: 'interrupted' });
  },
  /** Runs until it is killed. */
  stubborn: (run) => run.print('waiting\n'),
  /** Asks for a name. */
  async ask(run) {
    run.emit({ type: 'waiting-input', prompt: 'name? ', password: false });
    run.print(`hello ${((await run.read()) ?? 'nobody').trim()}\n`);
    run.finish();
  },
  /** One record of each kind that is not text. */
  rich(run) {
    run.emit({ type: 'media', mime: 'image/png', data: Buffer.from('png').toString('base64'), encoding: 'base64' });
    run.emit({ type: 'html', text: '<b>bold</b>' });
    run.emit({ type: 'log', text: 'a note' });
    run.finish();
  },
  oom: (run) => run.finish({ exitCode: null, signal: 'SIGKILL', reason: 'oom', detail: 'more than 64 MiB were used' }),
};

/** The words that name a script and its arguments. */
export function words(request: RunRequest): readonly string[] {
  return request.mode === 'batch' ? request.argv : request.code.split(' ');
}
