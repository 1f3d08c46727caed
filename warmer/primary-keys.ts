import type { Cluster, Redis } from "ioredis";
import { SLOTS, slotOf } from "./slots.ts";

/**
 * One key for every primary, for what each of them must know by itself: `prefix` and `name`, with a hash tag that
 * lies in the primary's slots where this is a cluster.
 */
export async function keysOnPrimaries(
  client: Redis | Cluster,
  prefix: string,
  name: string,
): Promise<readonly string[]> {
  await revive(client);
  if (!("nodes" in client)) {
    return [prefix + name];
  }
  const node = client.nodes("master")[0];
  if (node === undefined) {
    throw new Error("the cluster has no primary that can be asked for its slots");
  }
  const ranges = await node.cluster("SLOTS");
  const first = new Map<string, readonly [number, number]>();
  for (const [from, to, primary] of ranges) {
    const owner = primary?.[2] ?? "";
    if (from < (first.get(owner)?.[0] ?? SLOTS)) {
      first.set(owner, [from, to]);
    }
  }
  return [...first.values()].map(([from, to]) => `${prefix}{${tagWithin(from, to)}}:${name}`);
}

/** Connects a client again that has given up on a server: it may be back. */
export async function revive(client: Redis | Cluster): Promise<void> {
  if (client.status === "end") {
    await client.connect();
  }
}

/** The first number whose slot, as a hash tag, lies in the range. */
function tagWithin(from: number, to: number): number {
  for (let tag = 0; ; tag++) {
    const bytes = Buffer.from(String(tag));
    const slot = slotOf(bytes, 0, bytes.length);
    if (slot >= from && slot <= to) {
      return tag;
    }
  }
}
