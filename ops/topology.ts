import type * as z from "zod";
import { type Address, formatAddress } from "../contract/address.ts";
import type { Member, topologySchema } from "../contract/nodes.ts";

/** Inputs of formation and readiness. */
export type Topology = z.infer<typeof topologySchema>;

/** A member in words: `cache-0 (127.0.0.1:7000)`. */
export function nameOf(member: Member): string {
  return `${member.name} (${formatAddress(member)})`;
}

/** What is missing, as one text: what several members lack in the same way is said once. */
export function joinMissing(problems: readonly string[]): string {
  return [...new Set(problems)].join("; ");
}

/** What a look at a topology found. */
export interface Findings {
  /** What keeps it from serving, member by member; empty when it is ready. */
  readonly problems: readonly string[];
  readonly primaries: readonly Address[];
  /** Number of replicas whose link is up. */
  readonly replicas: number;
}
