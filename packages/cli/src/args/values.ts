/** Values as people write them. */

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, '': 1 };

/** Bytes of `512m`, `2g`, `1.5GiB`, `1048576`; undefined when it is none of these. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text);
  return match ? Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!) : undefined;
}

/** Milliseconds of `500ms`, `30s`, `5m`, `2h`, `30` (seconds); undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text);
  return match ? Math.round(Number(match[1]) * SECONDS[match[2]!]! * 1000) : undefined;
}

/** Name and value of `K=V`; undefined without a name or `=`. */
export function parseVariable(text: string): readonly [string, string] | undefined {
  const at = text.indexOf('=');
  return at < 1 ? undefined : [text.slice(0, at), text.slice(at + 1)];
}
