import type { WarmOptions, WarmOutcome } from "./types.ts";

/** Placeholder while the parts are written. */
export async function warm(_options: WarmOptions): Promise<WarmOutcome> {
  throw new Error("not written yet");
}
