/** Which of all checks are wanted. Pure. */
import { didYouMean } from '@berth/base';
import { BerthError } from '@berth/wire';

export interface Selection {
  /** It is to be made, if it can be. */
  wants(id: string): boolean;
  /** It was asked for by its own name: when it cannot be made, that must be told. */
  names(id: string): boolean;
}

/**
 * Each id that one of `only` is, or begins before its dot; all of them when `only` is empty. A name for which nothing is known is
 * `bad-usage`.
 */
export function selection(only: readonly string[], known: readonly string[]): Selection {
  const names = only.flatMap((text) => text.split(',')).map((name) => name.trim());
  const matches = (name: string, id: string) => id === name || id.startsWith(`${name}.`);
  for (const name of names) {
    if (name !== '' && known.some((id) => matches(name, id))) continue;
    const meant = didYouMean(name, known);
    throw new BerthError('bad-usage', `there is no check ${JSON.stringify(name)}.${meant}`, {
      fix: 'docs/doctor.md lists them; `berth doctor --quick -o json` tells their ids.',
    });
  }
  return {
    wants: (id) => names.length === 0 || names.some((name) => matches(name, id)),
    names: (id) => names.includes(id),
  };
}
