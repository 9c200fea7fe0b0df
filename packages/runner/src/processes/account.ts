/** What one process has used so far. Its files stay open: every query asks for them. */
import { KeptFile } from './kept-file.js';
import { MS_PER_TICK, parseStat } from './table.js';

export class Account {
  readonly #stat: KeptFile | undefined;
  readonly #status: KeptFile | undefined;

  constructor(pid: number) {
    try {
      this.#stat = new KeptFile(`/proc/${pid}/stat`);
      this.#status = new KeptFile(`/proc/${pid}/status`);
    } catch {
      // It is gone: it uses nothing any more.
    }
  }

  /** CPU time in milliseconds of the process and of the children that it has waited for; 0 when it is gone. */
  cpuMs(): number {
    return (parseStat(read(this.#stat))?.used ?? 0) * MS_PER_TICK;
  }

  /** The most memory that it has had resident, in bytes; undefined when it is gone. */
  peakMemory(): number | undefined {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(this.#status))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  }

  close(): void {
    this.#stat?.close();
    this.#status?.close();
  }
}

function read(file: KeptFile | undefined): string {
  try {
    return file?.read() ?? '';
  } catch {
    return '';
  }
}
