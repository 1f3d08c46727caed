import { freePorts } from "../../support/ports.ts";

export const topologies = ["standalone", "sentinel", "cluster"] as const;
export type TopologyName = (typeof topologies)[number];

/** Data nodes and sentinels of each, by default. */
export const sizes = { standalone: [1, 0], sentinel: [3, 3], cluster: [6, 0] } as const;

/** The nodes' names, sentinels last. On Kubernetes those of a cluster have their shard's, whose pods they are. */
export function nodeNames(topology: TopologyName, target: string): string[] {
  const [data, sentinels] = sizes[topology];
  const count = (length: number, name: (index: number) => string) => Array.from({ length }, (_, index) => name(index));
  const inShards = topology === "cluster" && target === "kubernetes";
  return [
    ...count(data, (index) => (inShards ? `cache-shard-${Math.floor(index / 2)}-${index % 2}` : `cache-${index}`)),
    ...count(sentinels, (index) => `cache-sentinel-${index}`),
  ];
}

/** Every write is on disk before it is answered, so that nothing that is killed may lose one; failures are noticed soon. */
export async function settingsOf(topology: TopologyName): Promise<Record<string, string>> {
  const common = { topology, persistence: "aof-always" };
  switch (topology) {
    case "standalone":
      return { ...common, port: `${await freePorts(1)}` };
    case "sentinel":
      return {
        ...common,
        port: `${await freePorts(3)}`,
        sentinelPort: `${await freePorts(3)}`,
        downAfter: "1 second",
      };
    case "cluster":
      return { ...common, port: `${await freePorts(6, { bus: true })}`, nodeTimeout: "2 seconds" };
  }
}
