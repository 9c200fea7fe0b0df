/** How the findings of `berth doctor` are written: a mark and a word each, so that they read without colour. Pure. */
import { styleText } from 'node:util';
import { oneLine } from '../terminal.js';

/** As the agent tells it. */
export interface Told {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly state: 'green' | 'yellow' | 'red';
  readonly detail: string;
  readonly fix?: string;
}

const MARKS = { green: '✓ ok  ', yellow: '! warn', red: '✗ FAIL' } as const;

const HEADINGS: Readonly<Record<string, string>> = {
  docker: 'Docker',
  images: 'Images',
  sandbox: 'Sandbox without Docker',
  machine: 'This machine',
  node: 'The node',
  cluster: 'The cluster',
  limits: 'What sessions are promised',
};

type Style = Parameters<typeof styleText>[0];
const styled = (style: Style, text: string, colour: boolean): string =>
  colour ? styleText(style, text, { validateStream: false }) : text;

export const headingOf = (group: string, colour: boolean, first: boolean): string =>
  `${first ? '' : '\n'}${styled('bold', HEADINGS[group] ?? group, colour)}`;

/** One line, and for what is not green a second with what to do. `width`: of the longest id. */
export function linesOf({ id, title, state, detail, fix }: Told, width: number, colour: boolean): string {
  const mark = styled(state, MARKS[state], colour);
  // Names from etcd and from containers may be in it.
  const line = `  ${mark}  ${id.padEnd(width)}  ${title}: ${oneLine(detail)}`;
  return fix === undefined ? line : `${line}\n          FIX: ${oneLine(fix)}`;
}

export function summaryOf(told: readonly Pick<Told, 'state'>[]): string {
  const count = (state: Told['state']) => told.filter((one) => one.state === state).length;
  const [good, warned, bad] = [count('green'), count('yellow'), count('red')];
  const verdict = bad > 0 ? 'not ready' : warned > 0 ? 'ready, with reservations' : 'ready';
  return `\n${good} ok, ${warned} ${warned === 1 ? 'warning' : 'warnings'}, ${bad} failed: ${verdict}`;
}
