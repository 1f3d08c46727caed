import type { Gate } from "../contract/warming.ts";
import type { Shard } from "./types.ts";

/** SQL that is true where the text `key` (SQL too) is a key of the shard: by a hash of the key as it is stored. */
export function shardCondition(key: string, { index, count }: Shard): string {
  return `(hashtextextended(${key}, 0) & 9223372036854775807) % ${count} = ${index}`;
}

/**
 * The gate of one part of a plan: its share of the keys. A part that has none, which small datasets can leave over, is
 * not cold for that.
 */
export function gateOfShard(gate: Gate, shard: Shard | undefined): Gate {
  if (shard === undefined || shard.count === 1) return gate;
  const onNoTraffic = gate.onNoTraffic === "fail" ? "warn" : gate.onNoTraffic;
  // Hashes do not share out evenly to the last key: the whole is looked at by `hearth validate` when all have ended.
  return { ...gate, minKeys: Math.floor(gate.minKeys / shard.count / 2), onNoTraffic };
}
