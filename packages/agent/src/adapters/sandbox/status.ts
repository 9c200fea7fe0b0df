/** What bubblewrap writes about a sandbox: one JSON document a line (bwrap(1), --json-status-fd). Pure. */

export interface Status {
  /** Its first process, as this machine counts. */
  readonly firstPid: number | null;
  /** Null while it runs, and when its program was never started or bubblewrap itself was killed. */
  readonly exitCode: number | null;
}

export function parseStatus(text: string): Status {
  let firstPid: number | null = null;
  let exitCode: number | null = null;
  for (const line of text.split('\n')) {
    const told = parseLine(line);
    firstPid = numberOf(told['child-pid']) ?? firstPid;
    exitCode = numberOf(told['exit-code']) ?? exitCode;
  }
  return { firstPid, exitCode };
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return (JSON.parse(line) ?? {}) as Record<string, unknown>;
  } catch {
    // The last line is not whole yet.
    return {};
  }
}

const numberOf = (value: unknown): number | null => (Number.isSafeInteger(value) ? (value as number) : null);
