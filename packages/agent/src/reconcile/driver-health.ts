/** What is known about the driver itself. */
import { isBerthError } from '@berth/wire';

export interface DriverState {
  readonly ok: boolean;
  /** Why it cannot be used; empty when it can. */
  readonly detail: string;
}

/** Remembers how the last complete question to the driver went. */
export class DriverHealth {
  #state: DriverState = { ok: true, detail: '' };

  get state(): DriverState {
    return this.#state;
  }

  good(): void {
    this.#state = { ok: true, detail: '' };
  }

  bad(error: unknown): void {
    const fix = isBerthError(error) ? ` ${error.fix}` : '';
    this.#state = { ok: false, detail: `${error instanceof Error ? error.message : String(error)}.${fix}` };
  }
}
