/** What a process touches, seen so that it can die at any moment. */

const never = <T>(): Promise<T> => new Promise<T>(() => {});

/** One life of a process. */
export class Life {
  /** Told at the beginning and at the end of every call to a port; may end this life. */
  onMoment: (name: string) => void = () => {};
  /** Resolves when this life is over. */
  readonly over: Promise<void>;
  #dead = false;
  readonly #tellOver: () => void;

  constructor() {
    let tell!: () => void;
    this.over = new Promise((resolve) => (tell = resolve));
    this.#tellOver = tell;
  }

  /** As `kill -9`: from now on no call begins, and no answer comes. */
  end(): void {
    this.#dead = true;
    this.#tellOver();
  }

  /** A port as this life sees it. Only calls that give promises can be cut off. */
  mortal<Port extends object>(port: Port, name: string): Port {
    return new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          this.#moment(`before ${name}.${String(key)}`);
          if (this.#dead) return never();
          const result: unknown = Reflect.apply(value, target, args);
          return result instanceof Promise ? this.#answer(result, `after ${name}.${String(key)}`) : result;
        };
      },
    });
  }

  async #answer(result: Promise<unknown>, name: string): Promise<unknown> {
    try {
      return await result;
    } finally {
      this.#moment(name);
      if (this.#dead) await never();
    }
  }

  #moment(name: string): void {
    if (!this.#dead) this.onMoment(name);
  }
}
