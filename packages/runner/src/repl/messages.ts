/** What a REPL says on its control descriptor. User code can write there too, so everything is checked. Pure. */

export type ReplMessage =
  | { readonly op: 'ready'; readonly version: string }
  | { readonly op: 'media'; readonly mime: string; readonly data: string; readonly encoding: 'utf8' | 'base64' }
  | { readonly op: 'html'; readonly text: string }
  | { readonly op: 'input'; readonly prompt: string; readonly password: boolean }
  | { readonly op: 'matches'; readonly id: string; readonly matches: readonly string[] }
  | { readonly op: 'done'; readonly id: string; readonly exitCode: number; readonly interrupted: boolean };

/** Most matches that are passed on. */
const MOST_MATCHES = 1000;

/** A line as a message; undefined when it is none. */
export function parseReplMessage(line: string): ReplMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { op, ...fields } = value as Record<string, unknown>;
  const text = (name: string): string | undefined => (typeof fields[name] === 'string' ? fields[name] : undefined);
  const id = text('id');
  switch (op) {
    case 'ready':
      return { op, version: text('version') ?? '' };
    case 'media': {
      const [mime, data, encoding] = [text('mime'), text('data'), text('encoding')];
      if (mime === undefined || data === undefined || (encoding !== 'utf8' && encoding !== 'base64')) return undefined;
      return { op, mime, data, encoding };
    }
    case 'html': {
      const html = text('text');
      return html === undefined ? undefined : { op, text: html };
    }
    case 'input':
      return { op, prompt: text('prompt') ?? '', password: fields['password'] === true };
    case 'matches': {
      const { matches } = fields;
      if (id === undefined || !Array.isArray(matches)) return undefined;
      return { op, id, matches: matches.filter((match) => typeof match === 'string').slice(0, MOST_MATCHES) };
    }
    case 'done': {
      const { exitCode } = fields;
      if (id === undefined || !Number.isInteger(exitCode)) return undefined;
      return { op, id, exitCode: (exitCode as number) & 0xff, interrupted: fields['interrupted'] === true };
    }
    default:
      return undefined;
  }
}
