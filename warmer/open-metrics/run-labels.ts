import type { Shard } from "../types.ts";

/** Which warming it is: what every metric of it is labelled with. */
export interface RunIdentity {
  /** Name of the plan. */
  readonly plan: string;
  readonly shard?: Shard | undefined;
}

/** Its labels. A shard is one of several runs that may be on one machine. */
export function labelsOf({ plan, shard }: RunIdentity): Record<string, string> {
  return { plan, ...(shard !== undefined && { shard: `${shard.index}/${shard.count}` }) };
}
