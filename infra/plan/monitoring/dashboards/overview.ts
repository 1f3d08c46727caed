import { dashboard } from "./dashboard.ts";
import { higherIsBetter, lowerIsBetter, row, stat, timeseries } from "./panels.ts";
import { all, nodes, ofCache, ofPrimaries, rate } from "./variables.ts";

const hits = `sum(${rate("redis_keyspace_hits_total")})`;
const misses = `sum(${rate("redis_keyspace_misses_total")})`;
const memoryShare = `redis_memory_used_bytes${nodes()} / (redis_memory_max_bytes${nodes()} > 0)`;

/** All that one looks at first: does it answer, do reads hit, is there room. */
export const overview = dashboard({
  name: "overview",
  title: "Overview",
  description: "Does the cache answer, do reads hit, is there room. Figures of redis_exporter, by node.",
  variables: ofCache('kind="redis"'),
  panels: [
    stat({
      title: "Servers up",
      description: "Servers that answered their exporter, of those that there are.",
      unit: "percentunit",
      queries: [[`avg(redis_up${all('kind="redis"')})`, "up"]],
      steps: higherIsBetter(0.5, 1),
    }),
    stat({
      title: "Hit ratio",
      description: "Reads that hit. The target is 85 %, below 70 % it needs work, below 50 % the cache serves few.",
      unit: "percentunit",
      queries: [[`${hits} / (${hits} + ${misses} > 0)`, "hits"]],
      noValue: "no reads",
      steps: higherIsBetter(0.7, 0.85),
    }),
    stat({
      title: "Fullest memory",
      description: "Memory for data in use, of maxmemory, on the node with the largest share.",
      unit: "percentunit",
      queries: [[`max(${memoryShare})`, "used"]],
      noValue: "no limit",
      steps: lowerIsBetter(0.8, 0.9),
    }),
    stat({
      title: "Commands",
      description: "Commands per second, of the chosen nodes.",
      unit: "ops",
      queries: [[`sum(${rate("redis_commands_processed_total")})`, "commands"]],
    }),
    stat({
      title: "Keys",
      description: "Keys on the primaries.",
      unit: "short",
      queries: [[`sum(${ofPrimaries(`sum by (stack, cache, node) (redis_db_keys${nodes()})`)})`, "keys"]],
    }),
    stat({
      title: "Running since",
      description: "When the server that was started last was started.",
      unit: "dateTimeFromNow",
      queries: [[`max(redis_start_time_seconds${nodes()}) * 1000`, "started"]],
    }),
    row("Reads and commands"),
    timeseries({
      title: "Hit ratio",
      description: "Reads that hit, by node: of replicas too, where clients read from them.",
      unit: "percentunit",
      min: 0,
      max: 1,
      queries: [
        [
          `${rate("redis_keyspace_hits_total")} / (${rate("redis_keyspace_hits_total")} + ${rate("redis_keyspace_misses_total")} > 0)`,
          "{{node}}",
        ],
        [`${hits} / (${hits} + ${misses} > 0)`, "all"],
      ],
      steps: higherIsBetter(0.7, 0.85),
    }),
    timeseries({
      title: "Hits and misses",
      description: "Reads per second of the chosen nodes together.",
      unit: "reqps",
      stacked: true,
      queries: [
        [hits, "hits"],
        [misses, "misses"],
      ],
    }),
    timeseries({
      title: "Commands",
      description: "Commands per second, by node.",
      unit: "ops",
      queries: [[rate("redis_commands_processed_total"), "{{node}}"]],
    }),
    timeseries({
      title: "Error replies",
      description: "Commands that were answered with an error, per second, by the error's first word.",
      unit: "ops",
      queries: [[`sum by (err) (${rate("redis_errors_total")})`, "{{err}}"]],
    }),
    row("Memory and keys"),
    timeseries({
      title: "Memory used",
      description: "Memory for data and buffers, by node, and the least maxmemory.",
      unit: "bytes",
      min: 0,
      queries: [
        [`redis_memory_used_bytes${nodes()}`, "{{node}}"],
        [`min(redis_memory_max_bytes${nodes()} > 0)`, "maxmemory"],
      ],
    }),
    timeseries({
      title: "Evicted and expired keys",
      description: "Evicted: there was no room. Expired: their time was over.",
      unit: "cps",
      queries: [
        [`sum(${rate("redis_evicted_keys_total")})`, "evicted"],
        [`sum(${rate("redis_expired_keys_total")})`, "expired"],
      ],
    }),
    timeseries({
      title: "Keys",
      description: "Keys by node, and those that expire.",
      unit: "short",
      min: 0,
      queries: [
        [`sum by (node) (redis_db_keys${nodes()})`, "{{node}}"],
        [`sum by (node) (redis_db_keys_expiring${nodes()})`, "{{node}} expiring"],
      ],
    }),
    timeseries({
      title: "Fragmentation",
      description: "Memory that the process holds, of what its data takes. Says little where there is little data.",
      unit: "short",
      queries: [[`redis_mem_fragmentation_ratio${nodes()}`, "{{node}}"]],
    }),
    row("Clients and network"),
    timeseries({
      title: "Clients",
      description: "Connected clients, by node, and those waiting in a blocking command.",
      unit: "short",
      min: 0,
      queries: [
        [`redis_connected_clients${nodes()}`, "{{node}}"],
        [`sum(redis_blocked_clients${nodes()})`, "blocked"],
      ],
    }),
    timeseries({
      title: "Connections",
      description: "New connections per second; rejected: maxclients was reached.",
      unit: "cps",
      queries: [
        [`sum(${rate("redis_connections_received_total")})`, "received"],
        [`sum(${rate("redis_rejected_connections_total")})`, "rejected"],
      ],
    }),
    timeseries({
      title: "Network",
      description: "Bytes per second, by node.",
      unit: "Bps",
      queries: [
        [rate("redis_net_input_bytes_total"), "{{node}} in"],
        [rate("redis_net_output_bytes_total"), "{{node}} out"],
      ],
    }),
    timeseries({
      title: "CPU",
      description: "Cores in use, by node: Redis answers on one.",
      unit: "short",
      queries: [[`${rate("redis_cpu_user_seconds_total")} + ${rate("redis_cpu_sys_seconds_total")}`, "{{node}}"]],
    }),
    row("On disk"),
    timeseries({
      title: "Changes that are in no snapshot",
      description: "Lost with the server where there is no append-only file.",
      unit: "short",
      queries: [[`redis_rdb_changes_since_last_save${nodes()}`, "{{node}}"]],
    }),
    timeseries({
      title: "Age of the last snapshot",
      description: "Or the time since the start, where there was none.",
      unit: "s",
      queries: [[`time() - redis_rdb_last_save_timestamp_seconds${nodes()}`, "{{node}}"]],
    }),
  ],
});
