/** One piece of work for all who ask for its result at about the same time. */
export class Shared<T> {
  readonly #work: () => Promise<T>;
  readonly #keepMs: number;
  #running: Promise<T> | undefined;
  #kept: { readonly value: T; readonly until: number } | undefined;

  /** @param keepMs milliseconds for which a result is good */
  constructor(work: () => Promise<T>, keepMs: number) {
    this.#work = work;
    this.#keepMs = keepMs;
  }

  /** The result that is kept, or is being made, or a new one. */
  async get(): Promise<T> {
    if (this.#kept !== undefined && performance.now() < this.#kept.until) return this.#kept.value;
    this.#running ??= this.#run();
    return await this.#running;
  }

  async #run(): Promise<T> {
    try {
      const value = await this.#work();
      this.#kept = { value, until: performance.now() + this.#keepMs };
      return value;
    } finally {
      this.#running = undefined;
    }
  }
}
