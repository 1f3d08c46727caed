/** What a sentinel says of the primary. */
export interface Opinion {
  /** `host port`. */
  readonly primary: string;
  /** Of the failover that made it the primary: a later one counts more. */
  readonly epoch: number;
  /** When it was asked; it may have changed its mind since. */
  readonly askedAt: number;
}

/** What the sentinels together say. */
export type Agreement = { readonly primary: string; readonly until: number } | { readonly why: string };

/**
 * The primary that most of all sentinels name, and none of them a later one.
 *
 * @param opinions of each sentinel, the last one
 * @param leaseMs how long an opinion counts
 */
export function agreement(opinions: readonly (Opinion | undefined)[], now: number, leaseMs: number): Agreement {
  const fresh = opinions.filter((one): one is Opinion => one !== undefined && one.askedAt + leaseMs > now);
  const majority = Math.floor(opinions.length / 2) + 1;
  if (fresh.length < majority) return { why: `${fresh.length} of ${opinions.length} sentinels answer` };
  const epoch = Math.max(...fresh.map((one) => one.epoch));
  const latest = fresh.filter((one) => one.epoch === epoch);
  const [{ primary }] = latest as [Opinion];
  if (latest.length < majority || latest.some((one) => one.primary !== primary)) {
    return { why: "the sentinels do not agree" };
  }
  // As long as the last of the majority that agrees longest.
  const ends = latest.map(({ askedAt }) => askedAt + leaseMs).sort((a, b) => b - a);
  return { primary, until: ends[majority - 1] as number };
}
