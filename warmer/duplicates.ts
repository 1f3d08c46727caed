/** Keys remembered, at most. */
const CAPACITY = 65_536;
const SLOTS = 2 * CAPACITY;
/** Slots of a dataset of few rows: a plan may have thousands of those. */
const FIRST_SLOTS = 1024;
const MANY = 65_535;

/**
 * Counts rows whose key another row had already, in 1.3 MB of memory at most. Exact up to 65,536 keys.
 * Above that only keys whose hash ends in a zero bit are remembered, then two zero bits, and so on: every repetition
 * of a remembered key is seen, and the count is multiplied up.
 */
export class DuplicateCounter {
  #slots = FIRST_SLOTS;
  #high = new Int32Array(FIRST_SLOTS);
  #low = new Int32Array(FIRST_SLOTS);
  /** 0 for a free slot, else how often the key was seen. */
  #seen = new Uint16Array(FIRST_SLOTS);
  #size = 0;
  #mask = 0;

  /** @param high, low 64 bits of hash of the key */
  add(high: number, low: number): void {
    if ((low & this.#mask) !== 0) return;
    if (2 * this.#size >= this.#slots) {
      this.#makeRoom();
      if ((low & this.#mask) !== 0) return;
    }
    this.#insert(high, low, 1);
  }

  /** Rows whose key was there before; an estimate where `exact` is false. */
  get count(): number {
    let repeated = 0;
    for (const seen of this.#seen) if (seen > 1) repeated += seen - 1;
    return repeated * (this.#mask + 1);
  }

  get exact(): boolean {
    return this.#mask === 0;
  }

  #insert(high: number, low: number, times: number): void {
    const last = this.#slots - 1;
    let slot = high & last;
    while (this.#seen[slot] !== 0) {
      if (this.#high[slot] === high && this.#low[slot] === low) {
        this.#seen[slot] = Math.min(MANY, (this.#seen[slot] as number) + times);
        return;
      }
      slot = (slot + 1) & last;
    }
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#seen[slot] = times;
    this.#size += 1;
  }

  /** Twice as many slots; where there are enough of them, half of the keys are forgotten instead. */
  #makeRoom(): void {
    const [high, low, seen] = [this.#high, this.#low, this.#seen];
    if (this.#slots < SLOTS) this.#slots *= 2;
    else this.#mask = this.#mask * 2 + 1;
    this.#high = new Int32Array(this.#slots);
    this.#low = new Int32Array(this.#slots);
    this.#seen = new Uint16Array(this.#slots);
    this.#size = 0;
    for (let slot = 0; slot < seen.length; slot++) {
      const times = seen[slot] as number;
      if (times > 0 && ((low[slot] as number) & this.#mask) === 0) {
        this.#insert(high[slot] as number, low[slot] as number, times);
      }
    }
  }
}
