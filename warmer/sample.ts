import type { PendingSample } from "./account.ts";
import type { WrittenSample } from "./types.ts";

/** Bytes of rows that a dataset's samples may hold together. */
const BUDGET_BYTES = 8 * 1024 * 1024;
const FILTER_SIZE = 65_536;
/** Samples that each dataset gets before the rest is shared out by size. */
const LEAST = 5;

interface Slot {
  readonly high: number;
  readonly low: number;
  readonly bytes: number;
  readonly sample: PendingSample;
  writtenAt: number | undefined;
}

/**
 * A uniform sample of the keys of one dataset (reservoir, algorithm R): every key has the same chance to be read
 * back, whatever their number. A key that is written again later leaves the sample, since its value is another.
 */
export class Sampler {
  readonly #size: number;
  readonly #slots: (Slot | undefined)[] = [];
  readonly #bySample = new WeakMap<PendingSample, Slot>();
  /** How many sampled keys have these 16 bits of hash: nearly always none, which is quickly seen. */
  readonly #filter: Uint16Array;
  #offered = 0;
  #bytes = 0;

  constructor(size: number) {
    this.#size = size;
    this.#filter = new Uint16Array(size > 0 ? FILTER_SIZE : 0);
  }

  /** The place in the sample for the next row, or -1: nearly always. Also forgets an older row of the same key. */
  place(high: number, low: number, bytes: number): number {
    if (this.#size === 0) return -1;
    if ((this.#filter[high & (FILTER_SIZE - 1)] as number) > 0) this.#forget(high, low);
    this.#offered += 1;
    const place = this.#slots.length < this.#size ? this.#slots.length : Math.floor(Math.random() * this.#offered);
    if (place >= this.#size) return -1;
    const freed = this.#slots[place]?.bytes ?? 0;
    return this.#bytes - freed + bytes > BUDGET_BYTES ? -1 : place;
  }

  put(place: number, high: number, low: number, bytes: number, sample: PendingSample): void {
    this.#remove(place);
    const slot: Slot = { high, low, bytes, sample, writtenAt: undefined };
    this.#slots[place] = slot;
    this.#bySample.set(sample, slot);
    this.#bytes += bytes;
    this.#count(high, 1);
  }

  /** Redis acknowledged the key. */
  acknowledge(sample: PendingSample): void {
    const slot = this.#bySample.get(sample);
    if (slot !== undefined) slot.writtenAt = sample.livesFrom ?? Date.now();
  }

  /** Samples whose keys were acknowledged, in random order. */
  samples(): WrittenSample[] {
    const samples = this.#slots.flatMap((slot) =>
      slot?.writtenAt === undefined ? [] : [written(slot.sample, slot.writtenAt)],
    );
    for (let index = samples.length - 1; index > 0; index--) {
      const other = Math.floor(Math.random() * (index + 1));
      [samples[index], samples[other]] = [samples[other] as WrittenSample, samples[index] as WrittenSample];
    }
    return samples;
  }

  #forget(high: number, low: number): void {
    const place = this.#slots.findIndex((slot) => slot?.high === high && slot.low === low);
    if (place >= 0) this.#remove(place);
  }

  #remove(place: number): void {
    const slot = this.#slots[place];
    if (slot === undefined) return;
    this.#bytes -= slot.bytes;
    this.#count(slot.high, -1);
    this.#slots[place] = undefined;
  }

  #count(high: number, by: number): void {
    const at = high & (FILTER_SIZE - 1);
    this.#filter[at] = (this.#filter[at] as number) + by;
  }
}

function written({ dataset, key, value, ttlSeconds }: PendingSample, writtenAt: number): WrittenSample {
  return { dataset, key, value: value(), ttlSeconds, writtenAt };
}

/** `size` samples of all datasets: a few of each, the rest by their number of keys. */
export function shareSamples(
  size: number,
  datasets: readonly { readonly keys: number; readonly samples: WrittenSample[] }[],
): WrittenSample[] {
  const total = datasets.reduce((sum, { keys }) => sum + keys, 0);
  const least = Math.min(LEAST, Math.floor(size / Math.max(1, datasets.length)));
  const rest = size - least * datasets.length;
  return datasets
    .flatMap(({ keys, samples }) => samples.slice(0, least + Math.floor((rest * keys) / Math.max(1, total))))
    .slice(0, size);
}
