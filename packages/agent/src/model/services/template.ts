/** Templates of service definitions: `{ports[0]}`, `{name}`, `{name.field}`; `{{` and `}}` stand for braces. Pure. */
import { BerthError } from '@berth/wire';

/** A value, a list, or the result of a prestart action with its fields. */
export type Variables = Readonly<Record<string, string | readonly (string | number)[] | Readonly<Record<string, string>>>>;

const PART = /\{\{|\}\}|\{(\w+)(?:\[(\d+)\]|\.(\w+))?\}/g;

/** Errors: `bad-request` that names what is unknown. */
export function render(template: string, variables: Variables): string {
  return template.replace(PART, (part: string, name?: string, index?: string, field?: string) => {
    if (name === undefined) return part[0]!;
    const value = Object.hasOwn(variables, name) ? variables[name]! : undefined;
    const found = value === undefined ? undefined : pick(value, index, field);
    if (found === undefined)
      throw new BerthError('bad-request', `the service's definition names ${part}, which is not known here`);
    return String(found);
  });
}

function pick(value: Variables[string], index?: string, field?: string): string | number | undefined {
  if (index !== undefined) return Array.isArray(value) ? (value as readonly (string | number)[])[Number(index)] : undefined;
  if (field !== undefined)
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, string>)[field] : undefined;
  return typeof value === 'string' ? value : undefined;
}
