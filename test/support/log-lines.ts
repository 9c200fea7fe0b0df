/** The log file of an agent, and what its lines are about. */

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

export const logLines = (text: string): LogLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);

/** Lines by what they are about: the kernel that they name, or else the service whose address or words they hold. */
export function bySubject(lines: readonly LogLine[]): Map<string, string[]> {
  const subjects = new Map<string, string[]>();
  for (const line of lines) {
    const subject = subjectOf(line);
    subjects.set(subject, [...(subjects.get(subject) ?? []), `${line.level} ${line.message}`]);
  }
  return subjects;
}

function subjectOf(line: LogLine): string {
  if (typeof line['kernel'] === 'string') return `kernel ${line['kernel']}`;
  if ('etcd' in line || 'keys' in line) return 'etcd';
  if ('redis' in line) return 'Redis';
  if (/image/.test(line.message)) return 'images';
  if (/Docker|driver/.test(line.message)) return 'Docker';
  if (/manager/.test(line.message)) return 'the manager';
  return `other: ${line.message}`;
}
