import type { FailureExample, WrittenSample } from "./types.ts";

const EXAMPLES = 10;
const SHOWN_BYTES = 100;

/** A key for people: bytes that are not printable ASCII escaped, long ones cut. */
export function showKey(key: Buffer): string {
  const shown = key.subarray(0, SHOWN_BYTES);
  const text = shown.toString("latin1").replace(/[^\x20-\x7e]|\\/g, (char) => {
    return char === "\\" ? "\\\\" : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return key.length > SHOWN_BYTES ? `${text}... (${key.length} bytes)` : text;
}

/** A sample that waits for its key to be acknowledged. */
export type PendingSample = Omit<WrittenSample, "value" | "writtenAt"> & {
  /** Made when it is asked for: most samples give way to later ones. */
  readonly value: () => WrittenSample["value"];
  /** From when on its life is counted, milliseconds since 1970: undefined where from its acknowledgement. */
  readonly livesFrom: number | undefined;
};

/** Where the books stood once. */
export type AccountMark = Pick<Account, "rows" | "keys" | "failed" | "skipped" | "fresh">;

/** The books of one dataset: what was read, sent, acknowledged, refused. */
export class Account {
  readonly dataset: string;
  rows = 0;
  /** Keys that Redis acknowledged. */
  keys = 0;
  failed = 0;
  skipped = 0;
  /** Keys that were left alone, because they were there already. */
  fresh = 0;
  /** Bytes sent to Redis, each attempt counted. */
  bytes = 0;
  /** Rows encoded and neither acknowledged nor refused. */
  pending = 0;
  readonly failures: Record<string, number> = {};
  readonly examples: FailureExample[] = [];
  /** Takes the samples whose keys were acknowledged. */
  readonly onSample: (sample: PendingSample) => void;
  #settled: (() => void) | undefined;

  constructor(dataset: string, onSample: (sample: PendingSample) => void) {
    this.dataset = dataset;
    this.onSample = onSample;
  }

  acknowledge(sample: PendingSample | undefined): void {
    this.keys += 1;
    if (sample !== undefined) this.onSample(sample);
    this.#settle();
  }

  /** Redis refused a row. */
  refuse(key: Buffer, code: string, message: string): void {
    this.fail(key, code, message);
    this.#settle();
  }

  /** A row that was never sent. */
  fail(key: Buffer, code: string, message: string): void {
    this.failed += 1;
    const times = (this.failures[code] ?? 0) + 1;
    this.failures[code] = times;
    // The first of every code, and the first ten of all.
    if (times === 1 || this.examples.length < EXAMPLES) this.examples.push({ key: showKey(key), code, message });
  }

  /** What is counted so far, for {@link rewind}. */
  mark(): AccountMark {
    const { rows, keys, failed, skipped, fresh } = this;
    return { rows, keys, failed, skipped, fresh };
  }

  /** Takes back what was counted since: those rows are read again. */
  rewind(mark: Partial<AccountMark>): void {
    Object.assign(this, mark);
    if (mark.failed !== 0) return;
    for (const code of Object.keys(this.failures)) delete this.failures[code];
    this.examples.length = 0;
  }

  /** Resolves when every row that was encoded is acknowledged or refused. */
  settled(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled = resolve;
    });
  }

  #settle(): void {
    this.pending -= 1;
    if (this.pending === 0) {
      this.#settled?.();
      this.#settled = undefined;
    }
  }
}
