const CHECK_MS = 1000;

/**
 * Asks now and then whether the primary is still the same, where that does not show by itself: sentinels promote a
 * replica seconds before they tell the old primary, which goes on taking writes that are lost in the end.
 */
export class PrimaryWatch {
  readonly #moved: () => Promise<boolean>;
  readonly #onMoved: () => void;
  readonly #timer: NodeJS.Timeout;
  #checking: Promise<void> | undefined;
  #closed = false;

  /**
   * @param moved whether another server is primary now; false where nobody can tell
   * @param onMoved called each time that it is
   */
  constructor(moved: () => Promise<boolean>, onMoved: () => void) {
    this.#moved = moved;
    this.#onMoved = onMoved;
    this.#timer = setInterval(() => void this.check(), CHECK_MS);
    this.#timer.unref();
  }

  /** Asks at once, or waits for the answer that is under way. */
  check(): Promise<void> {
    this.#checking ??= this.#ask().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if ((await this.#moved()) && !this.#closed) this.#onMoved();
  }
}
