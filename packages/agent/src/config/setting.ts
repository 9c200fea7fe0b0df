/** How one setting is described. */
import type { Parser } from './parsers.js';

/** Where a value may come from, the strongest first: flag, environment, berth.toml, etcd. */
export interface Sources {
  /** `section.key` in berth.toml; `section.*` is that section as a whole. */
  readonly toml: string;
  /** Without dashes. */
  readonly flag?: string;
  readonly short?: string;
  /** The first is its name; others are accepted too. */
  readonly env?: readonly string[];
  /** Key below the namespace, and how its text reads as a value of this setting. */
  readonly etcd?: { readonly key: string; readonly read: (text: string) => string };
}

/** As people name it: `etcd.addr`; a section that is one table by its name alone. */
export const nameInFile = ({ toml }: Sources): string => toml.replace(/\.\*$/, '');

export interface Kind<T> {
  /** Stands for the value in the help; a switch has none. */
  readonly placeholder?: string;
  /** How berth.toml may write it beside text. */
  readonly written?: 'number' | 'switch' | 'list';
  readonly secret?: true;
  /** As a person would write it. */
  readonly default?: string;
  /** For the sample file, where there is no default. */
  readonly example?: string;
  /** Throws an Error that says what the value must be, and does not tell the value. */
  readonly parse: Parser<T>;
}

export interface Setting<T> {
  readonly from: Sources;
  readonly is: Kind<T>;
  /** One line. */
  readonly help: string;
}
