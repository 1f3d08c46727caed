import { freePorts } from "../../support/ports.ts";

export const topologies = ["standalone", "sentinel", "cluster"] as const;
export type TopologyName = (typeof topologies)[number];

/** Data nodes and sentinels of each, by default. */
export const sizes = { standalone: [1, 0], sentinel: [3, 3], cluster: [6, 0] } as const;

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
