/** The file `environ.txt` (seed spec 8.3, 9.5). Pure. */

/** All that Python's `splitlines` takes for the end of a line, and the end of a C string: the reader is that of 2018. */
// eslint-disable-next-line no-control-regex
const ENDS_LINE = /[\0\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/;

/**
 * `NAME=value` lines. The format has no way to write the end of a line, so a variable with one would bring another along (D20): it is
 * left out, and its name told.
 */
export function environText(env: Readonly<Record<string, string>>): {
  readonly text: string;
  readonly leftOut: readonly string[];
} {
  const fits = ([name, value]: [string, string]): boolean => /^[^=]+$/.test(name) && !ENDS_LINE.test(name + value);
  const pairs = Object.entries(env);
  return {
    text: pairs
      .filter(fits)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
    leftOut: pairs.filter((pair) => !fits(pair)).map(([name]) => name),
  };
}
