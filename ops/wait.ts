import { setTimeout as pause } from "node:timers/promises";

export interface WaitOptions {
  /** What is waited for, as the start of the error: `cluster of "cache"`. */
  readonly what: string;
  /** Ends the waiting: the operation's deadline, or an interruption. Its reason becomes part of the error. */
  readonly signal: AbortSignal;
  /** A limit of its own, in milliseconds; without one only `signal` ends the waiting. */
  readonly limitMs?: number;
  /** Milliseconds between two looks. @default 50 */
  readonly everyMs?: number;
}

/** What one look found: the value waited for, or what is still missing, for people. */
export type Look<T> = { readonly value: T } | { readonly missing: string };

/** The wait ended before its condition was met. */
export class StillMissing extends Error {
  /** What the last look found missing. */
  readonly missing: string;

  constructor(message: string, missing: string) {
    super(message);
    this.name = "StillMissing";
    this.missing = missing;
  }
}

/**
 * Looks until the condition is met. Rejects with what was still missing when the time is over or the operation was
 * interrupted; an error thrown by `look` ends the waiting at once.
 */
export async function waitFor<T>(look: () => Promise<Look<T>> | Look<T>, options: WaitOptions): Promise<T> {
  const { what, signal, limitMs, everyMs = 50 } = options;
  const began = performance.now();
  for (;;) {
    const found = await look();
    if ("value" in found) return found.value;
    const waited = performance.now() - began;
    const over = limitMs !== undefined && waited >= limitMs;
    if (!over && !signal.aborted) await pause(everyMs, undefined, { signal }).catch(() => {});
    if (!over && !signal.aborted) continue;
    const why = over ? `gave up after ${(limitMs / 1000).toFixed(1)} s` : reasonOf(signal);
    throw new StillMissing(`${what}: ${why}; still missing: ${found.missing}`, found.missing);
  }
}

/** Why the operation is to stop, in words. */
export function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason ?? "interrupted");
}
