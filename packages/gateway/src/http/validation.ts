/** Checks what came against a schema of wire; all that is wrong becomes one `bad-request` that names field, value and rule. */
import { BerthError } from '@berth/wire';
import type { RouteName, ParsedBodyOf } from '@berth/wire/http';

/** What is needed of a zod schema. */
export interface Schema<Out> {
  safeParse(
    input: unknown,
  ):
    | { readonly success: true; readonly data: Out }
    | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const MOST_ISSUES = 5;
const LONGEST_VALUE = 60;

/** The parsed input. `what` names the whole, for a problem that belongs to no field. Errors: `bad-request`. */
export function parse<Out>(schema: Schema<Out>, input: unknown, what: string): Out {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { issues } = result.error;
  const told = issues.slice(0, MOST_ISSUES).map((issue) => describe(issue, input, what));
  if (issues.length > MOST_ISSUES) told.push(`and ${issues.length - MOST_ISSUES} more`);
  throw new BerthError('bad-request', told.join('; '), { fields: { field: issues[0]!.path.map(String).join('.') } });
}

function describe(issue: Issue, input: unknown, what: string): string {
  const field = issue.path.map(String).join('.') || what;
  const value = shown(issue.path, input);
  return `${field}${value === '' ? '' : ` is ${value}`}: ${issue.message}`;
}

/** A short value as JSON. Values of variables may be secrets and are never shown. */
function shown(path: readonly PropertyKey[], input: unknown): string {
  if (path.includes('env')) return '';
  let value = input;
  for (const key of path)
    value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  if (value === undefined) return 'missing';
  if (typeof value === 'object' && value !== null) return '';
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? '' : text;
}

/** The body of a route, with defaults filled in. */
export function parseBody<Name extends RouteName>(schema: Schema<ParsedBodyOf<Name>>, input: unknown): ParsedBodyOf<Name> {
  return parse(schema, input, 'the body');
}
