import type { Cluster, Redis } from "ioredis";
import { keysOnPrimaries } from "../primary-keys.ts";
import type { Shard } from "../types.ts";
import type { CheckpointStore } from "./checkpoint.ts";

const PREFIX = "hearth:resume:";

/** The notes of runs of one plan (and shard), in the cache that they fill. */
export function redisCheckpointStore(client: Redis | Cluster, plan: string, shard: Shard | undefined): CheckpointStore {
  const name = shard === undefined ? plan : `${plan}:${shard.index}/${shard.count}`;
  const keys = () => keysOnPrimaries(client, PREFIX, name);
  return {
    async load() {
      const notes = await Promise.all((await keys()).map((key) => client.get(key)));
      return notes.map((note) => note ?? undefined);
    },
    async save(note, expirySeconds) {
      await Promise.all((await keys()).map((key) => client.set(key, note, "EX", expirySeconds)));
    },
    async clear() {
      await Promise.all((await keys()).map((key) => client.del(key)));
    },
  };
}
