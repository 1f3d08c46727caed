import type { Endpoint } from "../../contract/endpoint.ts";
import type { Patience } from "./client.ts";
import { until } from "./wait.ts";
import { Writer, type Written } from "./writer.ts";

/** Writes that are acknowledged before something happens, and after. */
const SOME = 200;

/** An application that writes while something happens. */
export interface Load {
  readonly endpoint: Endpoint;
  /** Of its keys. */
  readonly prefix: string;
  /** @default as `Writer` has it */
  readonly patience?: Patience;
  /** Milliseconds in which it must write again afterwards. @default as `until` has it */
  readonly backWithinMs?: number;
  /** Waited for before its keys are looked for. */
  readonly settled?: () => Promise<unknown>;
  /** Where its keys are looked for. @default its own endpoint */
  readonly found?: Endpoint;
}

/** Does something while an application writes, from before it until after it; tells, and prints, what it lived through. */
export async function underLoad(
  title: string,
  load: Load,
  work: () => Promise<unknown>,
): Promise<Written & { readonly lost: number }> {
  const writer = new Writer(load.endpoint, load.prefix, load.patience);
  try {
    await until("the first writes", async () => writer.acknowledged > SOME);
    await work();
    const then = writer.acknowledged;
    await until("writes afterwards", async () => writer.acknowledged > then + SOME, load.backWithinMs);
  } finally {
    await writer.stop();
  }
  const written = await writer.stop();
  await load.settled?.();
  const lost = await writer.lost(load.found ?? load.endpoint);
  console.log(
    `${title}: ${written.acknowledged} writes acknowledged, ${lost} lost, ` +
      `${written.failed} failed requests ${JSON.stringify(written.reasons)}, at most ${written.longestGapMs} ms without a write`,
  );
  return { ...written, lost };
}
