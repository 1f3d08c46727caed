import { bytes, count } from "../figures.ts";
import type { Priority } from "../plan.ts";
import { PRIORITIES } from "../plan.ts";
import type { ServerMemory } from "./server-memory.ts";

/** What a dataset will need. */
export interface MemoryNeed {
  readonly name: string;
  readonly priority: string;
  readonly keys: number;
  readonly bytesPerKey: number;
  /** Share of its keys, 0-1, that are there already. */
  readonly there: number;
}

/** What to do about memory before the first write. */
export type MemoryDecision =
  | { readonly kind: "fits" }
  /** These datasets are left out, each with its reason. */
  | { readonly kind: "drop"; readonly dropped: ReadonlyMap<string, string> }
  | { readonly kind: "refuse"; readonly message: string };

export function needOf({ keys, bytesPerKey, there }: MemoryNeed): number {
  return keys * bytesPerKey * (1 - there);
}

/** Bytes that all primaries together have left below their limits, headroom kept; infinite without limits. */
export function roomFor(servers: readonly ServerMemory[], headroom: number): number {
  return servers.reduce((room, { used, limit }) => {
    return limit === 0 ? Number.POSITIVE_INFINITY : room + Math.max(0, limit * (1 - headroom) - used);
  }, 0);
}

/** From what is written first to what is dropped first. */
function byPriority(needs: readonly MemoryNeed[]): MemoryNeed[] {
  const rank = ({ priority }: MemoryNeed): number => PRIORITIES.indexOf(priority as Priority);
  return [...needs].sort((a, b) => rank(a) - rank(b));
}

function describe(need: MemoryNeed): string {
  const known = need.there > 0 ? `, ${Math.round(need.there * 100)} % of them there already` : "";
  return `${need.name} ${bytes(needOf(need))} (${count(need.keys)} keys of about ${bytes(need.bytesPerKey)}${known})`;
}

function figures(servers: readonly ServerMemory[], headroom: number): string {
  const limit = servers.reduce((sum, server) => sum + server.limit, 0);
  const used = servers.reduce((sum, server) => sum + server.used, 0);
  const where = servers.length === 1 ? "" : ` of ${servers.length} primaries`;
  return (
    `maxmemory${where} ${bytes(limit)}, ${bytes(used)} used, ${bytes(roomFor(servers, headroom))} left with ` +
    `${Math.round(headroom * 100)} % headroom`
  );
}

function advice(servers: readonly ServerMemory[], needed: number, headroom: number, evicts: boolean): string {
  const used = servers.reduce((sum, server) => sum + server.used, 0);
  const each = Math.ceil((used + needed) / (1 - headroom) / servers.length / 1_000_000) * 1_000_000;
  const policy = evicts ? "" : ", choose an eviction policy, so that datasets of lower priority are left out";
  return `Raise maxmemory to ${bytes(each)}${servers.length === 1 ? "" : " each"}, lower the datasets' limits${policy}, or give a smaller headroom`;
}

/**
 * Whether the datasets fit into memory. Without eviction a plan that does not fit is refused; with it, datasets are
 * left out, lowest priority and last in the plan first, until the rest fits.
 *
 * @param servers every primary; keys spread evenly over them
 * @param headroom share of maxmemory, 0-1, that stays free
 */
export function decideMemory(
  servers: readonly ServerMemory[],
  needs: readonly MemoryNeed[],
  headroom: number,
): MemoryDecision {
  const room = roomFor(servers, headroom);
  const total = needs.reduce((sum, need) => sum + needOf(need), 0);
  if (total <= room) return { kind: "fits" };
  const evicts = servers.every(({ policy }) => policy !== "noeviction");
  const ordered = byPriority(needs);
  const refusal =
    `The plan does not fit into Redis's memory: it needs about ${bytes(total)} more (${ordered.map(describe).join(", ")}); ` +
    `${figures(servers, headroom)}. ${advice(servers, total, headroom, evicts)}.`;
  if (!evicts) return { kind: "refuse", message: refusal };
  const dropped = new Map<string, string>();
  let left = total;
  for (const need of ordered.toReversed()) {
    if (left <= room) break;
    if (needOf(need) === 0) continue;
    left -= needOf(need);
    dropped.set(
      need.name,
      `left out: it needs ${describe(need).slice(need.name.length + 1)} of Redis's memory, which datasets of higher ` +
        `priority take; ${figures(servers, headroom)}`,
    );
  }
  if (dropped.size === needs.length || left === 0) return { kind: "refuse", message: refusal };
  return { kind: "drop", dropped };
}
