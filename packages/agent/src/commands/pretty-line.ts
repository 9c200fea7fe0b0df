/** A log line for people: time, level, name, message, then the fields. */
import { styleText } from 'node:util';

interface LogLine {
  readonly timestamp: string;
  readonly level: string;
  readonly name: string;
  readonly message?: string;
  readonly [field: string]: unknown;
}

const COLOURS: Readonly<Record<string, 'gray' | 'green' | 'yellow' | 'red'>> = {
  DEBUG: 'gray',
  INFO: 'green',
  WARN: 'yellow',
  ERROR: 'red',
};

/** From the JSON form of a line. Whatever a message holds, it stays one line, but for the stack of an error. */
export function prettyLine(json: string, colour: boolean): string {
  const { timestamp, level, name, processName: _process, message, err, ...fields } = JSON.parse(json) as LogLine;
  const style = COLOURS[level];
  const shownLevel = colour && style ? styleText(style, level.padEnd(5), { validateStream: false }) : level.padEnd(5);
  const rest = Object.entries(fields).map(
    ([field, value]) => ` ${field}=${typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  const { text, stack } = errorOf(err);
  return `${timestamp.replace('T', ' ').replace('Z', '')} ${shownLevel} ${name}: ${oneLine(message ?? '')}${rest.join('')}${text}\n${
    level === 'ERROR' || level === 'DEBUG' ? stack : ''
  }`;
}

function errorOf(err: unknown): { text: string; stack: string } {
  if (typeof err !== 'object' || err === null) return { text: '', stack: '' };
  const { message, code, stack } = err as { message?: string; code?: string | number; stack?: string };
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    text: ` (${code === undefined ? '' : `${code}: `}${oneLine(message ?? '')})`,
    stack: frames.map((line) => `    ${oneLine(line)}\n`).join(''),
  };
}

/** Control characters, which may come from anywhere, must not steer a terminal. */
// eslint-disable-next-line no-control-regex
const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
