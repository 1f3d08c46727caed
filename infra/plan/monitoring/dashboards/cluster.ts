import { dashboard } from "./dashboard.ts";
import { higherIsBetter, lowerIsBetter, row, stat, timeseries } from "./panels.ts";
import { all, nodes, ofCache, ofPrimaries, rate } from "./variables.ts";

const keys = `sum by (stack, cache, node) (redis_db_keys${nodes()})`;
const primaryKeys = ofPrimaries(keys);
const primaryCommands = ofPrimaries(`sum by (stack, cache, node) (${rate("redis_commands_processed_total")})`);

/** Whether all slots are served, and the shards have equal shares. */
export const cluster = dashboard({
  name: "cluster",
  title: "Cluster",
  description: "Whether every slot is served, and whether the shards have equal shares of keys, memory and work.",
  variables: ofCache('topology="cluster"'),
  panels: [
    stat({
      title: "State",
      description: "What the node that sees it worst says of the cluster.",
      unit: "none",
      queries: [[`min(redis_cluster_state${all()})`, "state"]],
      words: { 0: { text: "fail", color: "red" }, 1: { text: "ok", color: "green" } },
    }),
    stat({
      title: "Slots served",
      description: "Of 16,384, as the node that sees it worst.",
      unit: "none",
      queries: [[`min(redis_cluster_slots_ok${all()})`, "slots"]],
      steps: higherIsBetter(16384, 16384),
    }),
    stat({
      title: "Slots failing",
      description: "Their primary has failed, and nobody has taken over.",
      unit: "none",
      queries: [[`max(redis_cluster_slots_fail${all()})`, "fail"]],
      steps: lowerIsBetter(1, 1),
    }),
    stat({
      title: "Shards",
      description: "Primaries with slots.",
      unit: "none",
      queries: [[`max(redis_cluster_size${all()})`, "shards"]],
    }),
    stat({
      title: "Primaries without replica",
      description: "The failure of one of them is a loss.",
      unit: "none",
      queries: [[`count(${ofPrimaries(`(redis_connected_slaves${all()} == bool 0)`)} == 1) or vector(0)`, "alone"]],
      steps: lowerIsBetter(1, 1),
    }),
    stat({
      title: "Epoch",
      description: "Grows with every failover.",
      unit: "none",
      queries: [[`max(redis_cluster_current_epoch${all()})`, "epoch"]],
    }),
    row("Slots and nodes"),
    timeseries({
      title: "Slots",
      description: "As the node that sees it worst: those that are served, doubted and failing.",
      unit: "none",
      min: 0,
      queries: [
        [`min(redis_cluster_slots_ok${nodes()})`, "ok"],
        [`max(redis_cluster_slots_pfail${nodes()})`, "doubted (pfail)"],
        [`max(redis_cluster_slots_fail${nodes()})`, "failing"],
      ],
    }),
    timeseries({
      title: "Nodes known",
      description: "By each node: they are to agree.",
      unit: "none",
      min: 0,
      queries: [[`redis_cluster_known_nodes${nodes()}`, "{{node}}"]],
    }),
    row("Balance"),
    timeseries({
      title: "Keys by shard",
      description: "On the primaries.",
      unit: "short",
      min: 0,
      queries: [[primaryKeys, "{{node}}"]],
    }),
    timeseries({
      title: "Commands by shard",
      description: "Per second, on the primaries.",
      unit: "ops",
      min: 0,
      queries: [[primaryCommands, "{{node}}"]],
    }),
    timeseries({
      title: "Memory by shard",
      description: "On the primaries.",
      unit: "bytes",
      min: 0,
      queries: [[ofPrimaries(`redis_memory_used_bytes${nodes()}`), "{{node}}"]],
    }),
    timeseries({
      title: "Imbalance",
      description:
        "The largest shard over the average: 1 is even. A hot key or a hash tag shared by many makes it grow.",
      unit: "short",
      min: 1,
      queries: [
        [`max(${primaryKeys}) / (avg(${primaryKeys}) > 0)`, "keys"],
        [`max(${primaryCommands}) / (avg(${primaryCommands}) > 0)`, "commands"],
      ],
    }),
    row("Cluster bus"),
    timeseries({
      title: "Messages",
      description: "Per second, by node.",
      unit: "cps",
      queries: [
        [rate("redis_cluster_messages_sent_total"), "{{node}} sent"],
        [rate("redis_cluster_messages_received_total"), "{{node}} received"],
      ],
    }),
    timeseries({
      title: "Replicas of each primary",
      description: "That are connected.",
      unit: "none",
      min: 0,
      queries: [[ofPrimaries(`redis_connected_slaves${nodes()}`), "{{node}}"]],
    }),
  ],
});
