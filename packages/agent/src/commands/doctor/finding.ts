/** What a check is, and what it finds. */

export type State = 'green' | 'yellow' | 'red';

/** `detail` is one line for a person. What is not green has one line that says what to do. */
export type Finding =
  | { readonly state: 'green'; readonly detail: string }
  | { readonly state: 'yellow' | 'red'; readonly detail: string; readonly fix: string };

export const green = (detail: string): Finding => ({ state: 'green', detail });
/** It works, but not as well or as safely as it could. */
export const yellow = (detail: string, fix: string): Finding => ({ state: 'yellow', detail, fix });
/** Something that is promised does not hold, or nothing can run. */
export const red = (detail: string, fix: string): Finding => ({ state: 'red', detail, fix });

/** The worst of them counts; what is not green is told together, and what to do about the first of the worst. */
export function worst(findings: readonly Finding[]): Finding {
  for (const state of ['red', 'yellow'] as const) {
    const first = findings.find((one) => one.state === state);
    if (!first || first.state === 'green') continue;
    const told = findings.filter((one) => one.state !== 'green').map((one) => one.detail);
    return { state, detail: told.join('; '), fix: first.fix };
  }
  return green(findings.map((one) => one.detail).join('; '));
}

export const GROUPS = ['docker', 'images', 'sandbox', 'machine', 'node', 'cluster', 'limits'] as const;
export type Group = (typeof GROUPS)[number];

/** What the documents say of a check. */
export interface CheckEntry {
  /** Stable: programs look at it. */
  readonly id: string;
  readonly group: Group;
  readonly title: string;
}

export interface Check<Context> extends CheckEntry {
  /** Rejects only when the doctor itself fails; then the check is red. */
  find(context: Context): Promise<Finding>;
}

/** A check that waits to be made. */
export interface Examination extends CheckEntry {
  /** Never rejects, unless with the reason of the signal: a look that fails is a finding. */
  examine(): Promise<Finding>;
}

/** A check in its two halves: the look at the machine, and the pure judgement of what was seen. */
export function check<Context, Facts>(
  entry: CheckEntry,
  look: (context: Context) => Promise<Facts>,
  judge: (facts: Facts) => Finding,
): Check<Context> & { readonly judge: (facts: Facts) => Finding } {
  return { ...entry, judge, find: async (context) => judge(await look(context)) };
}
