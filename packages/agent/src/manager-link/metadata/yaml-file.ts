/** A YAML file from outside: limits first, then its shape; what is wrong is told with file, line and field. */
import { BerthError } from '@berth/wire';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

/** Bytes, about: characters. */
export const LARGEST_FILE = 1 << 20;
/** How much anchors may multiply what is written. */
const MOST_ALIASES = 1_000;
/** Brackets within brackets. */
const DEEPEST = 50;

type Path = readonly PropertyKey[];

/** A file that has been read, and where in it things are. */
export interface Read<T> {
  readonly value: T;
  /** An error about the field at `path`. */
  problem(path: Path, what: string): BerthError;
}

/** Reads a file as YAML 1.1 with merge keys. Errors: `bad-config`, `too-large`. */
export function readYaml<T>(text: string, file: string, schema: z.ZodType<T>): Read<T> {
  if (text.length > LARGEST_FILE) throw new BerthError('too-large', `${file} is larger than ${LARGEST_FILE / 1024} KiB`);
  if (isTooDeep(text)) throw broken(file, undefined, `has more than ${DEEPEST} brackets or lists within each other`);
  const lines = new LineCounter();
  const { document, plain } = parsed(text, file, lines);
  const problem = (path: Path, what: string) => {
    const line = lineOf(document, path, lines);
    return broken(file, line, `${fieldName(path)} ${what}`);
  };
  const checked = schema.safeParse(plain);
  if (checked.success) return { value: checked.data, problem };
  const { path, message } = checked.error.issues[0]!;
  throw problem(path, message);
}

function parsed(text: string, file: string, lineCounter: LineCounter): { document: Document; plain: unknown } {
  try {
    const document = parseDocument(text, { version: '1.1', merge: true, prettyErrors: false, lineCounter });
    // A tag that nobody knows is only a warning to the parser.
    const found = document.errors[0] ?? document.warnings[0];
    if (found) throw broken(file, lineCounter.linePos(found.pos[0]).line, found.message);
    return { document, plain: document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown };
  } catch (error) {
    throw error instanceof BerthError ? error : broken(file, undefined, `is not to be read as YAML: ${(error as Error).message}`);
  }
}

/**
 * The parser takes seconds for 100 000 open brackets, and ends the process at a million. Counts without reading quotes: nobody has
 * so many brackets open in texts.
 */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    else if ((character === ']' || character === '}') && depth > 0) depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return /(?:[-?:][ \t]+){50}/.test(text);
}

const broken = (file: string, line: number | undefined, what: string): BerthError =>
  new BerthError('bad-config', `${file}${line === undefined ? '' : `, line ${line}`}: ${what.replace(/\s+/g, ' ').trim()}`, {
    fix: 'Correct the file and try again; nothing was written.',
    fields: { file, line: line ?? null },
  });

/** `images[3].slots.cpu` */
function fieldName(path: Path): string {
  const name = path.reduce<string>((all, part) => (typeof part === 'number' ? `${all}[${part}]` : `${all}.${String(part)}`), '');
  return name.replace(/^\./, '') || 'the file';
}

/** Of the deepest part of the path that is written there; what was merged in is written elsewhere. */
function lineOf(document: Document, path: Path, lines: LineCounter): number | undefined {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
