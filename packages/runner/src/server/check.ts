/** Checks of what comes over the link. A failed one throws `bad-request` that names the value. */
import { BerthError, isId } from '@berth/wire';

type Fields = Readonly<Record<string, unknown>>;

function refuse(name: string, wanted: string): never {
  throw new BerthError('bad-request', `${name} must be ${wanted}`, { fields: { name } });
}

export function object(value: unknown, name: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : refuse(name, 'an object');
}

/** Text of at most `most` characters; no zero characters, which no program can be given. */
export function text(value: unknown, name: string, most = 16 * 1024 * 1024): string {
  return typeof value === 'string' && value.length <= most && !value.includes('\0')
    ? value
    : refuse(name, `text of at most ${most} characters without zero characters`);
}

/** Source code: text that may hold anything. */
export function code(value: unknown, name: string): string {
  return typeof value === 'string' ? value : refuse(name, 'text');
}

/** Hexadecimal digits. */
export function hex(value: unknown, name: string, least: number, most: number): string {
  return typeof value === 'string' && /^[0-9a-f]*$/i.test(value) && value.length >= least && value.length <= most
    ? value
    : refuse(name, `${least} to ${most} hexadecimal digits`);
}

export function id<Id extends string>(value: unknown, name: string): Id {
  return isId(value) ? (value as Id) : refuse(name, 'an id');
}

export function integer(value: unknown, name: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
    ? (value as number)
    : refuse(name, `an integer from ${least} to ${most}`);
}

export function flag(value: unknown, name: string): boolean {
  return typeof value === 'boolean' ? value : refuse(name, 'true or false');
}

export function oneOf<T extends string>(value: unknown, name: string, all: readonly T[]): T {
  return all.includes(value as T) ? (value as T) : refuse(name, `one of ${all.join(', ')}`);
}

export function list<T>(value: unknown, name: string, item: (value: unknown, name: string) => T): T[] {
  return Array.isArray(value) ? value.map((each, index) => item(each, `${name}[${index}]`)) : refuse(name, 'a list');
}

/** Names and values for an environment, sorted by name. */
export function environment(value: unknown, name: string): Record<string, string> {
  const entries = Object.entries(object(value, name)).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, each]) => {
      if (key === '' || key.includes('=') || key.includes('\0')) refuse(`a name in ${name}`, 'a name of an environment variable');
      return [key, text(each, `${name}.${key}`)];
    }),
  );
}

/** `{[key]: check(value)}`, or nothing when the value is absent. */
export function optional<K extends string, T>(
  fields: Fields,
  key: K,
  check: (value: unknown, name: string) => T,
): { [P in K]?: T } {
  return fields[key] === undefined ? {} : ({ [key]: check(fields[key], key) } as { [P in K]?: T });
}
