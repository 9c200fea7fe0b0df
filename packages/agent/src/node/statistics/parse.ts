/** What the kernel's files say, as numbers. Pure; an odd text is null, never an error. */

/** Largest that the kernel counts to: 64 bits. */
const MOST = 2 ** 64;

/** A count in decimal digits; null when it is anything else (`max`, empty, negative, more than 64 bits). */
function countOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return null;
  const value = Number(text);
  return value <= MOST ? value : null;
}

/** A file that is one number, such as `cpuacct.usage` or `memory.current`. */
export const parseCount = (text: string): number | null => countOf(text.trim());

/** `usage_usec` of `cpu.stat`, in nanoseconds. */
export function parseCpuStat(text: string): number | null {
  const line = text.split('\n').find((candidate) => candidate.startsWith('usage_usec '));
  const micros = countOf(line?.slice('usage_usec '.length).trim());
  return micros === null ? null : micros * 1000;
}

export interface Transfer {
  readonly read: number;
  readonly write: number;
}

/**
 * `blkio.throttle.io_service_bytes`: the `Read` lines and the `Write` lines, each summed over devices. Before the first transfer there is
 * only `Total 0`, which is none.
 */
export function parseBlkio(text: string): Transfer | null {
  const sum = { Read: 0, Write: 0 };
  let known = false;
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    const value = countOf(words.at(-1));
    if (value === null || words.length < 2) continue;
    known = true;
    const kind = words.at(-2);
    if (words.length === 3 && (kind === 'Read' || kind === 'Write')) sum[kind] += value;
  }
  return known ? { read: sum.Read, write: sum.Write } : null;
}

/** `io.stat`: `rbytes` and `wbytes`, each summed over devices. Before the first transfer it is empty, which is none. */
export function parseIoStat(text: string): Transfer | null {
  if (text.trim() === '') return { read: 0, write: 0 };
  const sum = { read: 0, write: 0 };
  let known = false;
  for (const word of text.split(/\s+/)) {
    const kind = word.startsWith('rbytes=') ? 'read' : word.startsWith('wbytes=') ? 'write' : undefined;
    const value = kind && countOf(word.slice('rbytes='.length));
    if (kind === undefined || value === null || value === undefined) continue;
    known = true;
    sum[kind] += value;
  }
  return known ? sum : null;
}

export interface Traffic {
  readonly rx: number;
  readonly tx: number;
}

/** Column of bytes sent in `/proc/<pid>/net/dev`, counted after the interface's name; bytes received are the first. */
const TX_COLUMN = 8;

/** `/proc/<pid>/net/dev`, summed over all interfaces but loopback. A line that is cut or odd makes no traffic. */
export function parseNetDev(text: string): Traffic | null {
  if (!text.startsWith('Inter-|')) return null;
  const sum = { rx: 0, tx: 0 };
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0 || line.slice(0, colon).trim() === 'lo') continue;
    const columns = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    const [rx, tx] = [countOf(columns[0]), countOf(columns[TX_COLUMN])];
    if (rx === null || tx === null) continue;
    sum.rx += rx;
    sum.tx += tx;
  }
  return sum;
}
