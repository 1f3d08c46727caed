import { dashboard } from "./dashboard.ts";
import { higherIsBetter, lowerIsBetter, row, stat, table, timeseries } from "./panels.ts";
import { all, nodes, ofCache, ofPrimaries, rate } from "./variables.ts";

const sentinels = 'kind="sentinel"';
const upOrDown = { 0: { text: "no", color: "red" }, 1: { text: "yes", color: "green" } };

/** Who is primary, how far behind the replicas are, and whether the sentinels agree. */
export const replication = dashboard({
  name: "replication",
  title: "Replication and Sentinel",
  description: "Who is primary, how far behind the replicas are, and whether the sentinels could fail over.",
  variables: ofCache(),
  panels: [
    stat({
      title: "Primaries",
      description: "One with Sentinel; as many as shards in a cluster.",
      unit: "none",
      queries: [[`count(redis_instance_info${all('role="master"')})`, "primaries"]],
      noValue: "none",
    }),
    stat({
      title: "Replicas connected",
      description: "Replicas that their primaries see.",
      unit: "none",
      queries: [[`sum(${ofPrimaries(`redis_connected_slaves${all()}`)})`, "replicas"]],
    }),
    stat({
      title: "Largest lag",
      description: "Seconds since a primary has heard from a replica.",
      unit: "s",
      queries: [[`max(redis_connected_slave_lag_seconds${all()})`, "lag"]],
      noValue: "no replicas",
      steps: lowerIsBetter(5, 10),
    }),
    stat({
      title: "Quorum",
      description: "Whether every sentinel says that enough of them are there to fail over.",
      unit: "none",
      queries: [[`min(redis_sentinel_master_ckquorum_status${all()})`, "quorum"]],
      words: upOrDown,
      noValue: "no sentinels",
    }),
    stat({
      title: "Sentinels up",
      description: "Sentinels that answered their exporter, of those that there are.",
      unit: "percentunit",
      queries: [[`avg(redis_up${all(sentinels)})`, "up"]],
      noValue: "no sentinels",
      steps: higherIsBetter(0.51, 1),
    }),
    stat({
      title: "Primaries that the sentinels name",
      description: "More than one: they do not agree.",
      unit: "none",
      queries: [[`count(count by (master_address) (redis_sentinel_master_status${all()}))`, "named"]],
      noValue: "no sentinels",
      steps: lowerIsBetter(2, 2),
    }),
    row("Replicas"),
    table({
      title: "Roles",
      description: "What every server says of itself.",
      unit: "none",
      queries: [
        [`max by (node, role, redis_version, redis_mode) (redis_instance_info${all('kind="redis"')})`, "{{node}}"],
      ],
    }),
    timeseries({
      title: "Lag",
      description: "Seconds since the primary has heard from each replica.",
      unit: "s",
      min: 0,
      queries: [[`redis_connected_slave_lag_seconds${nodes()}`, "{{slave_ip}}:{{slave_port}}"]],
      steps: lowerIsBetter(5, 10),
    }),
    timeseries({
      title: "Bytes behind",
      description: "What a replica has not acknowledged yet of what its primary has written.",
      unit: "bytes",
      min: 0,
      queries: [
        [
          `redis_master_repl_offset${nodes()} - on (stack, cache, node) group_right () redis_connected_slave_offset_bytes${nodes()}`,
          "{{slave_ip}}:{{slave_port}}",
        ],
      ],
    }),
    timeseries({
      title: "Link to the primary",
      description: "Of every replica: 1 where it is up.",
      unit: "none",
      min: 0,
      max: 1,
      decimals: 0,
      queries: [[`redis_master_link_up${nodes()}`, "{{node}}"]],
    }),
    timeseries({
      title: "Copies from scratch",
      description: "A replica that was away for longer than the backlog lasts has to copy everything.",
      unit: "short",
      queries: [
        [`increase(redis_replica_resyncs_full${nodes()}[$__rate_interval])`, "{{node}} full"],
        [`increase(redis_replica_partial_resync_accepted${nodes()}[$__rate_interval])`, "{{node}} partial"],
      ],
    }),
    timeseries({
      title: "Written by primaries",
      description: "Bytes per second that go to the replicas.",
      unit: "Bps",
      queries: [[rate("redis_master_repl_offset"), "{{node}}"]],
    }),
    row("Sentinel"),
    timeseries({
      title: "Servers that the sentinels count",
      description: "Of those that each sentinel knows, how many are well.",
      unit: "short",
      min: 0,
      queries: [
        [`redis_sentinel_master_ok_sentinels${nodes()}`, "{{node}} sentinels"],
        [`redis_sentinel_master_ok_slaves${nodes()}`, "{{node}} replicas"],
      ],
    }),
    timeseries({
      title: "Tilt",
      description: "1: a sentinel does not trust its clock, and leaves failing over to the others.",
      unit: "none",
      min: 0,
      max: 1,
      decimals: 0,
      queries: [[`redis_sentinel_tilt${nodes()}`, "{{node}}"]],
    }),
  ],
});
