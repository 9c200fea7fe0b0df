/** How Python shows a value: the manager prints the third member of an error triple in its log. */
import { Float } from './msgpack-value.js';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** What Python's `str.isprintable` denies: control, format, surrogate, unassigned, and every separator but the space. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

/** `repr(value)`. Whole numbers are ints, as they are written; see {@link Float}. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : reprFloat(value);
    case 'string':
      return reprText(value);
    case 'object':
      return reprObject(value);
    default:
      return String(value);
  }
}

function reprObject(value: object): string {
  if (value instanceof Float) return reprFloat(value.value);
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, member]) => `${pythonRepr(key)}: ${pythonRepr(member)}`)
    .join(', ')}}`;
}

function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const magnitude = Math.abs(value);
  // Python changes to an exponent at 1e16 and below 1e-4, JavaScript at 1e21 and below 1e-6.
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const character of text) out += character === quote ? `\\${quote}` : (ESCAPES[character] ?? reprCharacter(character));
  return out + quote;
}

function reprCharacter(character: string): string {
  if (character === ' ' || !UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0)!;
  const hex = (digits: number) => code.toString(16).padStart(digits, '0');
  if (code < 0x100) return `\\x${hex(2)}`;
  return code < 0x1_0000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}
