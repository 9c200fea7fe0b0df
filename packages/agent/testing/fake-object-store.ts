/** An object store in memory, whose faults a test commands. */
import { BerthError } from '@berth/wire';
import type { ObjectStore, ObjectToPut } from '../src/ports/object-store.js';

export interface KeptObject {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly sha256: string | undefined;
}

export class FakeObjectStore implements ObjectStore {
  readonly objects: Map<string, KeptObject>;
  /** Keys in the order in which uploads began. */
  readonly begun: string[] = [];
  state: 'there' | 'away' | 'forbidding' = 'there';
  /** Answers whether an object of this key is refused. */
  refuses: (key: string) => boolean = () => false;
  /** Uploads wait for it when everything has been read. */
  gate: Promise<void> = Promise.resolve();
  /** Uploads under way, and the most that there ever were. */
  active = 0;
  mostActive = 0;

  constructor(objects = new Map<string, KeptObject>()) {
    this.objects = objects;
  }

  address(key: string): string {
    return `fake://${encodeURIComponent(key)}`;
  }

  async put({ key, content, size, contentType, sha256 }: ObjectToPut, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.begun.push(key);
    this.mostActive = Math.max(this.mostActive, ++this.active);
    try {
      this.#check();
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) {
        signal.throwIfAborted();
        chunks.push(Uint8Array.from(chunk));
      }
      const bytes = Buffer.concat(chunks);
      if (bytes.length !== size || this.refuses(key)) throw new BerthError('bad-request', `${key} is not taken`);
      await untilOpen(this.gate, signal);
      signal.throwIfAborted();
      this.#check();
      this.objects.set(key, { bytes, contentType, sha256 });
    } finally {
      this.active -= 1;
    }
  }

  probe(signal: AbortSignal): Promise<void> {
    return Promise.resolve().then(() => {
      signal.throwIfAborted();
      this.#check();
    });
  }

  close(): void {}

  #check(): void {
    if (this.state === 'away') throw new BerthError('store-unavailable', 'the fake is away');
    if (this.state === 'forbidding') throw new BerthError('store-forbidden', 'the fake does not let us in');
  }
}

async function untilOpen(gate: Promise<void>, signal: AbortSignal): Promise<void> {
  let leave: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => (leave = resolve));
  signal.addEventListener('abort', leave!, { once: true });
  await Promise.race([gate, gone]);
  signal.removeEventListener('abort', leave!);
}
