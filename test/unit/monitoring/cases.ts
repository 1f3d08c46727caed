import type { Deployment } from "../../../infra/plan/args.ts";

/** A series as promtool takes it: labels besides those of the topology, and values at 0 s, 15 s, 30 s, ... */
export interface Series {
  readonly metric: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly values: string;
}

/** What makes an alert fire, and what is next door to it and does not. */
export interface AlertCase {
  readonly alert: string;
  readonly deployment: Deployment;
  readonly fires: readonly Series[];
  readonly quiet: readonly Series[];
  /** When it is looked at, where that is not just after its `for`: its figures need time to build up. */
  readonly at?: string;
}

const standalone: Deployment = { topology: "standalone", args: { memory: "100mb", persistence: "snapshots" } };
const aof: Deployment = { topology: "standalone", args: { persistence: "aof" } };
const sentinel: Deployment = { topology: "sentinel", args: {} };
const cluster: Deployment = { topology: "cluster", args: {} };

/** A value that stays for two days. */
const always = (value: number | string): string => `${value}x12000`;
/** A counter that grows by so much every 15 s. */
const growing = (step: number): string => `0+${step}x12000`;

const node = (metric: string, value: string | number, labels: Record<string, string> = {}): Series => ({
  metric,
  labels: { node: "cache-0", kind: "redis", ...labels },
  values: typeof value === "number" ? always(value) : value,
});
const watcher = (index: number, metric: string, value: number, labels: Record<string, string> = {}): Series => ({
  metric,
  labels: { node: `cache-sentinel-${index}`, kind: "sentinel", ...labels },
  values: always(value),
});
const role = (name: string, value: "master" | "slave"): Series =>
  node("redis_instance_info", 1, { node: name, role: value });

/** Reads of which this share hit, in all so many a second. */
const reads = (share: number, perSecond = 10, uptime = 100): Series[] => [
  node("redis_keyspace_hits_total", growing(share * perSecond * 15)),
  node("redis_keyspace_misses_total", growing((1 - share) * perSecond * 15)),
  node("redis_uptime_in_seconds", `${uptime}+15x12000`),
];
const used = (share: number): Series[] => [
  node("redis_memory_used_bytes", share * 1000),
  node("redis_memory_max_bytes", 1000),
];
const noLimit: Series[] = [node("redis_memory_used_bytes", 1000), node("redis_memory_max_bytes", 0)];
const errors = (share: number, err = "OOM", commands = 1000): Series[] => [
  node("redis_errors_total", growing(share * commands), { err }),
  node("redis_commands_processed_total", growing(commands)),
];
const slow = (seconds: number, cmd = "get"): Series[] => [
  node("redis_commands_duration_seconds_total", growing(seconds * 100), { cmd }),
  node("redis_commands_total", growing(100), { cmd }),
];
const votes = (up: readonly number[], quorum = 1): Series[] => [
  ...up.map((value, index) => watcher(index, "redis_up", value)),
  watcher(0, "redis_sentinel_master_ckquorum_status", quorum, { master_name: "mymaster", message: "..." }),
];
const primaryAt = (...addresses: string[]): Series[] =>
  addresses.map((master_address, index) =>
    watcher(index, "redis_sentinel_master_status", 1, { master_address, master_name: "mymaster", master_status: "ok" }),
  );

/** A figure of the warmer's. */
const warm = (metric: string, value: number, plan = "shop"): Series => ({
  ...{ metric: `hearth_warm_${metric}`, labels: { plan }, values: always(value) },
});
const evicting: Series = node("redis_evicted_keys_total", growing(5));

export const cases: readonly AlertCase[] = [
  {
    ...{ alert: "HearthExporterDown", deployment: standalone },
    ...{ fires: [node("up", 0)], quiet: [node("up", 1)] },
  },
  {
    ...{ alert: "HearthNodeDown", deployment: standalone },
    ...{ fires: [node("redis_up", 0)], quiet: [node("redis_up", 1)] },
  },
  {
    alert: "HearthRejectedConnections",
    deployment: standalone,
    fires: [node("redis_rejected_connections_total", "0 0 0 1 1 1 1")],
    quiet: [node("redis_rejected_connections_total", 7)],
    at: "1m",
  },
  {
    alert: "HearthClientsNearLimit",
    deployment: { topology: "standalone", args: { extraDirectives: { maxclients: "1000" } } },
    fires: [node("redis_connected_clients", 801)],
    quiet: [node("redis_connected_clients", 800)],
  },
  { alert: "HearthMemoryHigh", deployment: standalone, fires: used(0.81), quiet: used(0.8) },
  { alert: "HearthMemoryCritical", deployment: standalone, fires: used(0.91), quiet: noLimit },
  { alert: "HearthHitRatioBelowTarget", deployment: standalone, fires: reads(0.84), quiet: reads(0.86), at: "31m" },
  { alert: "HearthHitRatioLow", deployment: standalone, fires: reads(0.69), quiet: reads(0.2, 0.9), at: "11m" },
  { alert: "HearthHitRatioCritical", deployment: standalone, fires: reads(0.49), quiet: reads(0.51), at: "6m" },
  {
    alert: "HearthHitRatioUseless",
    deployment: standalone,
    fires: reads(0.29, 100, 90_000),
    quiet: reads(0.29, 100, 3600), // started an hour ago: a day has not passed
    at: "30m",
  },
  { alert: "HearthErrorRatioHigh", deployment: standalone, fires: errors(0.06), quiet: errors(0.04), at: "6m" },
  { alert: "HearthErrorRatioHigh", deployment: cluster, fires: errors(0.06), quiet: errors(0.5, "MOVED"), at: "6m" },
  // Hardly anybody asks anything: 20 commands in five minutes, of which 10 are refused.
  { alert: "HearthErrorRatioHigh", deployment: cluster, fires: errors(0.5), quiet: errors(0.5, "NOAUTH", 1), at: "6m" },
  {
    alert: "HearthSlowCommands",
    deployment: standalone,
    fires: [node("redis_slowlog_last_id", growing(3))],
    quiet: [node("redis_slowlog_last_id", growing(2))],
    at: "12m",
  },
  { alert: "HearthLatencyHigh", deployment: standalone, fires: slow(0.006), quiet: slow(0.004), at: "6m" },
  { alert: "HearthLatencyHigh", deployment: standalone, fires: slow(0.006), quiet: slow(0.006, "info"), at: "6m" },
  {
    alert: "HearthReplicaMissing",
    deployment: sentinel,
    fires: [role("cache-0", "master"), node("redis_connected_slaves", 1)],
    // A replica has none of its own.
    quiet: [role("cache-0", "slave"), node("redis_connected_slaves", 0)],
  },
  {
    alert: "HearthNoReplica",
    deployment: cluster,
    fires: [role("cache-0", "master"), node("redis_connected_slaves", 0)],
    quiet: [role("cache-0", "master"), node("redis_connected_slaves", 1)],
  },
  {
    alert: "HearthReplicationBroken",
    deployment: sentinel,
    fires: [node("redis_master_link_up", 0, { master_host: "10.0.0.1", master_port: "6379" })],
    quiet: [node("redis_master_link_up", 1, { master_host: "10.0.0.1", master_port: "6379" })],
  },
  {
    alert: "HearthReplicationLag",
    deployment: sentinel,
    fires: [node("redis_connected_slave_lag_seconds", 11, { slave_ip: "10.0.0.2", slave_port: "6380" })],
    quiet: [node("redis_connected_slave_lag_seconds", 10, { slave_ip: "10.0.0.2", slave_port: "6380" })],
  },
  {
    alert: "HearthPrimaries",
    deployment: sentinel,
    fires: [role("cache-0", "master"), role("cache-1", "master")],
    quiet: [role("cache-0", "master"), role("cache-1", "slave")],
  },
  {
    alert: "HearthPrimaries",
    deployment: sentinel,
    fires: [role("cache-0", "slave"), role("cache-1", "slave")],
    quiet: [role("cache-0", "slave"), role("cache-1", "master")],
  },
  {
    alert: "HearthPrimaries",
    deployment: cluster,
    fires: ["cache-0", "cache-1"].map((name) => role(name, "master")),
    quiet: ["cache-0", "cache-1", "cache-5"].map((name) => role(name, "master")),
  },
  { alert: "HearthQuorumLost", deployment: sentinel, fires: votes([1, 0, 0]), quiet: votes([1, 1, 0]) },
  { alert: "HearthQuorumLost", deployment: sentinel, fires: votes([1, 1, 1], 0), quiet: votes([1, 1, 1]) },
  { alert: "HearthQuorumLost", deployment: sentinel, fires: [], quiet: votes([1, 1, 0]) },
  { alert: "HearthSentinelDown", deployment: sentinel, fires: votes([1, 1, 0]), quiet: votes([1, 1, 1]) },
  {
    alert: "HearthSentinelsDisagree",
    deployment: sentinel,
    fires: primaryAt("10.0.0.1:6379", "10.0.0.1:6379", "10.0.0.2:6380"),
    quiet: primaryAt("10.0.0.2:6380", "10.0.0.2:6380", "10.0.0.2:6380"),
  },
  {
    alert: "HearthClusterDown",
    deployment: cluster,
    fires: [node("redis_cluster_state", 0)],
    quiet: [node("redis_cluster_state", 1)],
  },
  {
    alert: "HearthSlotsNotCovered",
    deployment: cluster,
    fires: [node("redis_cluster_slots_assigned", 16_383)],
    quiet: [node("redis_cluster_slots_assigned", 16_384)],
  },
  {
    alert: "HearthSlotsFailed",
    deployment: cluster,
    fires: [node("redis_cluster_slots_fail", 1)],
    quiet: [node("redis_cluster_slots_fail", 0), node("redis_cluster_slots_pfail", 5461)],
  },
  {
    alert: "HearthSlotsFailing",
    deployment: cluster,
    fires: [node("redis_cluster_slots_pfail", 1)],
    quiet: [node("redis_cluster_slots_pfail", 0)],
  },
  {
    alert: "HearthSnapshotFailed",
    deployment: standalone,
    fires: [node("redis_rdb_last_bgsave_status", 0)],
    quiet: [node("redis_rdb_last_bgsave_status", 1)],
  },
  {
    alert: "HearthSnapshotOld",
    deployment: standalone,
    fires: [node("redis_rdb_last_save_timestamp_seconds", 0), node("redis_rdb_changes_since_last_save", 1)],
    // Nothing has changed: there is nothing to save.
    quiet: [node("redis_rdb_last_save_timestamp_seconds", 0), node("redis_rdb_changes_since_last_save", 0)],
    at: "2h6m",
  },
  {
    alert: "HearthAofFailed",
    deployment: aof,
    fires: [node("redis_aof_last_write_status", 0), node("redis_aof_last_bgrewrite_status", 1)],
    quiet: [node("redis_aof_last_write_status", 1), node("redis_aof_last_bgrewrite_status", 1)],
  },
  {
    alert: "HearthAofFailed",
    deployment: aof,
    fires: [node("redis_aof_last_write_status", 1), node("redis_aof_last_bgrewrite_status", 0)],
    quiet: [node("redis_aof_last_write_status", 1), node("redis_aof_last_bgrewrite_status", 1)],
  },
  {
    alert: "HearthWarmingFailed",
    deployment: standalone,
    fires: [warm("success", 0)],
    quiet: [warm("success", 1), warm("success", 0, "of another cache")],
  },
  {
    alert: "HearthWarmingSlow",
    deployment: standalone,
    fires: [warm("duration_seconds", 301)],
    quiet: [warm("duration_seconds", 300)],
  },
  {
    alert: "HearthWarmingIncomplete",
    deployment: standalone,
    fires: [warm("success_ratio", 0.94)],
    quiet: [warm("success_ratio", 0.95)],
  },
  {
    alert: "HearthEvictionsWhileWarming",
    deployment: standalone,
    fires: [evicting, warm("running", 1)],
    quiet: [evicting, warm("running", 0)],
    at: "1m",
  },
  {
    alert: "HearthRewarmOverdue",
    deployment: standalone,
    fires: [warm("last_success_timestamp_seconds", 0)],
    quiet: [warm("last_success_timestamp_seconds", 600)],
    at: "61m",
  },
];
