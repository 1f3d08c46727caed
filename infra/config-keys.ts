import { mostShards } from "../contract/shards.ts";
import type { ConfigKey } from "./config-key.ts";
import { containerKeys } from "./config-keys-containers.ts";
import { dockerKeys } from "./config-keys-docker.ts";
import { kubernetesKeys } from "./config-keys-kubernetes.ts";
import { monitoringKeys } from "./config-keys-monitoring.ts";
import { EvictionPolicy, Persistence, Purpose, type TopologyName } from "./plan/args.ts";
import { topologies } from "./plan/check.ts";
import { dataDefaults, defaults, encodingDefaults } from "./plan/defaults.ts";
import { FirewallMode } from "./plan/firewall.ts";
import { HostTuningMode } from "./plan/host.ts";
import { TargetName } from "./plan/target-name.ts";

const list = (values: readonly string[]): string => values.map((value) => `\`${value}\``).join(", ");

/** Every key, in the order of the README. */
export const configKeys: readonly ConfigKey[] = [
  {
    key: "topology",
    values: list(["standalone", "sentinel", "cluster"]),
    default: "`standalone`",
    meaning: "One server; a primary with replicas and sentinels; a cluster.",
  },
  {
    key: "target",
    argument: "target",
    values: list(Object.values(TargetName)),
    default: `\`${TargetName.Local}\``,
    meaning: "Where it runs: processes of this machine, containers (docs/docker.md), or pods (docs/kubernetes.md).",
  },
  ...containerKeys,
  ...dockerKeys,
  ...kubernetesKeys,
  {
    key: "memory",
    argument: "memory",
    values: "a size: `256mb`, `1gb`, or bytes; 1mb or more",
    default: `\`${defaults.memory}\`, or 75 % of \`memoryLimit\``,
    meaning: "Memory for data, of each node (`maxmemory`).",
  },
  {
    key: "memoryLimit",
    argument: "memoryLimit",
    values: "a size from 2mb; of a container from 16mb",
    default: "not known; of a container `memory` / 0.75",
    meaning: "What the process or the container of each node may use at most; `memory` must be less.",
  },
  {
    key: "maxmemoryClients",
    argument: "maxmemoryClients",
    values: "a size from 1mb, a share (`5%`), or `0`: no limit",
    default: "a quarter of `memory`, at least `32mb`",
    meaning: "Memory for the buffers of all clients of a node (`maxmemory-clients`). Redis 7.0 and later.",
  },
  {
    key: "purpose",
    argument: "purpose",
    values: list(Object.values(Purpose)),
    default: `\`${defaults.purpose}\``,
    meaning:
      "Copies that can be made again, or originals: with `data`, what removes keys without a TTL (`allkeys-*`) and persistence `none` are refused.",
  },
  {
    key: "eviction",
    argument: "eviction",
    values: list(Object.values(EvictionPolicy)),
    default: `\`${defaults.eviction}\`; with purpose \`data\`: \`${dataDefaults.eviction}\``,
    meaning: "Which keys are removed when the memory is full.",
  },
  {
    key: "persistence",
    argument: "persistence",
    values: list(Object.values(Persistence)),
    default: `\`${defaults.persistence}\`; with purpose \`data\`: \`${dataDefaults.persistence}\``,
    meaning:
      "What is kept on disk: nothing, RDB files (900 s 1, 300 s 10, 60 s 10,000 changes), or every write: synced once a second, or each before it is answered.",
  },
  {
    key: "timeout",
    argument: "timeout",
    values: "a time in whole seconds; 0 is never",
    default: `\`${defaults.timeout}\``,
    meaning: "A client that has said nothing for so long is disconnected.",
  },
  {
    key: "tcpKeepalive",
    argument: "tcpKeepalive",
    values: "a time in whole seconds; 0 is never",
    default: `\`${defaults.tcpKeepalive}\``,
    meaning: "How often TCP asks a silent client whether it is there.",
  },
  {
    key: "slowlog",
    argument: "slowlog",
    json: '{"slowerThan": "10 ms", "maxLen": 128}',
    values: 'JSON: `{"slowerThan": "20 ms", "maxLen": 256}`',
    default: `\`${defaults.slowerThan}\`, \`${defaults.slowlogMaxLen}\``,
    meaning: "Commands that the slow log keeps: those that took longer, and how many.",
  },
  {
    key: "latencyMonitorThreshold",
    argument: "latencyMonitorThreshold",
    values: "a time to 1 hour; 0 is off",
    default: `\`${defaults.latencyMonitorThreshold}\``,
    meaning: "Events that took so long are kept for `LATENCY DOCTOR`.",
  },
  {
    key: "encodings",
    argument: "encodings",
    json: '{"hashMaxListpackValue": 128}',
    values: `JSON with ${list(Object.keys(encodingDefaults))}`,
    default: "Redis's: `512`, `64`, `-2`, `512`, `128`, `64`, `128`, `64`",
    meaning: "Up to which sizes small collections are kept in the compact encodings.",
  },
  {
    key: "hz",
    argument: "hz",
    number: true,
    values: "1-500",
    default: `\`${defaults.hz}\``,
    meaning: "How often a second Redis does its background work.",
  },
  {
    key: "ioThreads",
    argument: "ioThreads",
    number: true,
    values: "1-128",
    default: "three quarters of `cores` from 4 on, 8 at most; else `1`",
    meaning: "Threads that read and write sockets. A change restarts.",
  },
  {
    key: "cores",
    argument: "cores",
    number: true,
    values: "1-1024",
    default: "not known",
    meaning: "CPU cores that each node has for itself.",
  },
  {
    key: "lazyfree",
    argument: "lazyfree",
    boolean: true,
    values: list(["true", "false"]),
    default: `\`${defaults.lazyfree}\``,
    meaning: "Whether removed keys give back their memory in the background.",
  },
  {
    key: "activeDefrag",
    argument: "activeDefrag",
    boolean: true,
    values: list(["true", "false"]),
    default: `\`${defaults.activeDefrag}\``,
    meaning: "Whether fragmented memory is put together while the server runs; not possible with the Redis of Debian.",
  },
  {
    key: "port",
    argument: "port",
    number: true,
    values: "1024-65535; cluster: to 55535",
    default: `\`${defaults.port}\`; cluster: \`${defaults.clusterPort}\``,
    meaning: "Port of the first data node; the others follow it. A cluster also uses each port + 10000.",
  },
  {
    key: "database",
    argument: "database",
    number: true,
    values: "0-15",
    default: `\`${defaults.database}\``,
    meaning: "Logical database that the endpoint names.",
  },
  {
    key: "replicas",
    argument: "replicas",
    number: true,
    values: "1-10",
    default: `\`${defaults.replicas}\``,
    meaning: "Replicas beside the primary.",
  },
  {
    key: "sentinels",
    argument: "sentinels",
    number: true,
    values: "3-15, an odd number",
    default: `\`${defaults.sentinels}\``,
    meaning: "How many sentinels watch the primary.",
  },
  {
    key: "sentinelPort",
    argument: "sentinelPort",
    number: true,
    values: "1024-65535",
    default: `\`${defaults.sentinelPort}\``,
    meaning: "Port of the first sentinel; the others follow it.",
  },
  {
    key: "quorum",
    argument: "quorum",
    number: true,
    values: "a majority of the sentinels, or more",
    default: "the majority: `2` of 3",
    meaning: "Sentinels that must agree that the primary is gone.",
  },
  {
    key: "masterName",
    argument: "masterName",
    values: "letters, digits, `.`, `-`, `_`",
    default: `\`${defaults.masterName}\``,
    meaning: "Name under which the sentinels know the primary.",
  },
  {
    key: "downAfter",
    argument: "downAfter",
    values: "a time: `5 seconds`; 100 ms to 10 minutes",
    default: `\`${defaults.downAfter}\``,
    meaning: "Silence after which a sentinel takes a node for gone.",
  },
  {
    key: "failoverTimeout",
    argument: "failoverTimeout",
    values: "a time longer than `downAfter`, to 1 hour",
    default: `\`${defaults.failoverTimeout}\``,
    meaning: "Time that a failover may take.",
  },
  {
    key: "primaries",
    argument: "primaries",
    number: true,
    values: "3-100",
    default: `\`${defaults.primaries}\``,
    meaning: "Primaries of the cluster.",
  },
  {
    key: "replicasPerPrimary",
    argument: "replicasPerPrimary",
    number: true,
    values: "0-5, fewer than `primaries`",
    default: `\`${defaults.replicasPerPrimary}\``,
    meaning: "Replicas of each of them.",
  },
  {
    key: "nodeTimeout",
    argument: "nodeTimeout",
    values: "a time: 1 second to 5 minutes",
    default: `\`${defaults.nodeTimeout}\``,
    meaning: "Silence after which a cluster node is taken for failing.",
  },
  {
    key: "minReplicas",
    argument: "minReplicas",
    number: true,
    values: "0 to the replicas of a primary",
    default: "`1` with two replicas or more, else `0`",
    meaning: "Replicas that must be there for a primary to accept a write.",
  },
  {
    key: "minReplicasMaxLag",
    argument: "minReplicasMaxLag",
    values: "a time in whole seconds; 1 second to 1 hour",
    default: `\`${defaults.minReplicasMaxLag}\``,
    meaning: "A replica that has said nothing for longer does not count.",
  },
  {
    key: "password",
    argument: "password",
    secret: true,
    values: "16-512 characters, as a secret",
    default: "generated: 32 random bytes",
    meaning:
      "Password of the user `app`, as whom applications log in. A changed one is let in beside the old one until the `up` after that.",
  },
  {
    key: "rotation",
    argument: "rotation",
    values: "any text, such as a date",
    default: "none",
    meaning: "A changed text replaces every generated password; the old ones are let in as well until the next `up`.",
  },
  {
    key: "keyPrefixes",
    argument: "keyPrefixes",
    list: true,
    values: "prefixes with commas between them: `recipe:,user:`",
    default: "every key",
    meaning: "Keys that the users `app` and `readonly` may touch.",
  },
  {
    key: "scripts",
    argument: "scripts",
    boolean: true,
    values: list(["true", "false"]),
    default: "`false`",
    meaning: "Whether the user `app` may run Lua scripts.",
  },
  {
    key: "tls",
    argument: "tls",
    values: "`off`, `generated`, or a folder with `ca.crt`, `tls.crt`, `tls.key`",
    default: "`off`",
    meaning:
      "TLS for every connection, with certificates that Hearth makes and renews, or your own; nothing listens without it then. See docs/tls.md.",
  },
  {
    key: "mutualTls",
    values: list(["true", "false"]),
    default: "`false`",
    meaning:
      "Whether clients must show a certificate too; with a folder, `client.crt` and `client.key` are Hearth's own.",
  },
  {
    key: "clients",
    argument: "clients",
    list: true,
    values: "networks and addresses with commas between them: `10.0.0.0/24`",
    default: "none: this machine and the nodes",
    meaning: "Who may reach the ports, besides the nodes; see `firewall`.",
  },
  {
    key: "monitoring",
    argument: "monitoring",
    list: true,
    values: "as `clients`",
    default: "none",
    meaning: "From where exporters are scraped.",
  },
  ...monitoringKeys,
  {
    key: "firewall",
    argument: "firewall",
    values: list(Object.values(FirewallMode)),
    default: `\`${FirewallMode.Off}\``,
    meaning:
      "The rules for `clients` and `monitoring`: none; the output `firewall`, as nftables, ufw and Docker take them; or put in place by nftables (root). Kubernetes: a NetworkPolicy in any case.",
  },
  {
    key: "hostTuning",
    argument: "hostTuning",
    values: list(Object.values(HostTuningMode)),
    default: `\`${HostTuningMode.Check}\``,
    meaning:
      "Kernel settings and sizes of this machine: what is wrong is said; set, and put back by destroy (root); or nothing. Docker: of the engine's machine, its memory is looked at.",
  },
  {
    key: "directory",
    argument: "directory",
    values: "a path",
    default: "`.hearth/<stack>/cache`",
    meaning: "Target local: folder of the nodes' files, relative to the folder of Pulumi.yaml; removed by destroy.",
  },
  {
    key: "directives",
    argument: "extraDirectives",
    json: '{"maxmemory-samples": "10"}',
    values: 'JSON: `{"maxmemory-samples": "10"}`',
    default: "`{}`",
    meaning:
      "Further directives of redis.conf, for every data node; tried on the installed redis-server in the preview.",
  },
  {
    key: "warm",
    values: list(["on", "off"]),
    default: "`on`",
    meaning: "Whether the cache is filled, and `pulumi up` fails unless it is proven warm.",
  },
  {
    key: "source",
    secret: true,
    values: "`demo`, or a URL `postgresql://...` as a secret",
    default: "none: needed unless `warm` is `off`",
    meaning: "Where rows come from; `demo` starts a PostgreSQL with example data for the duration.",
  },
  {
    key: "plan",
    values:
      "`meal-planner`, `meal-planner-by-usage`, `sessions`, `running-app`, `running-app-production`, `api-keys`, or the path of a YAML or JSON file",
    default: "`meal-planner` with `demo`, else none",
    meaning: "What is read, and which keys it becomes.",
  },
  {
    key: "minKeys",
    number: true,
    values: "0 or more",
    default: "`1`",
    meaning: "Keys that must have been written.",
  },
  {
    key: "minHitRatio",
    number: true,
    values: "0-1",
    default: "`0.9`",
    meaning: "Share of replayed requests that must hit.",
  },
  {
    key: "onNoTraffic",
    values: list(["fail", "warn", "pass"]),
    default: "`fail`",
    meaning: "What happens when there are no requests to replay.",
  },
  {
    key: "when",
    values: list(["change", "always"]),
    default: "`change`",
    meaning: "Warm when something that matters has changed, or at every `up`.",
  },
  {
    key: "shards",
    number: true,
    values: `1-${mostShards}`,
    default: "`1`",
    meaning: "Kubernetes only. Parts that are warmed at once, each by a pod of its own.",
  },
  {
    key: "deadline",
    values: "a time: 1 second to 24 hours",
    default: "`5 minutes`",
    meaning: "Time for reading, writing and validating together.",
  },
  {
    key: "keysPerSecond",
    number: true,
    values: "1 or more",
    default: "no limit",
    meaning: "Keys that the warmer writes per second, at most.",
  },
  {
    key: "bytesPerSecond",
    values: "a size: `10mb`; 1000 or more",
    default: "no limit",
    meaning: "Bytes that the warmer sends per second, at most.",
  },
  {
    key: "latencyCeiling",
    values: "a time: 1 ms to 1 minute; `0` for none",
    default: "`5 ms`",
    meaning: "The warmer sends less at a time when the 95th percentile of PING passes this.",
  },
  {
    key: "headroom",
    number: true,
    values: "0-1",
    default: "`0.1`",
    meaning: "Share of `maxmemory` that warming leaves free.",
  },
  {
    key: "onBusy",
    values: list(["wait", "fail"]),
    default: "`wait`",
    meaning: "When another warmer is at work on the same plan in this cache.",
  },
];

/** The topologies that a key is for; all of them where it sets no argument. */
export function topologiesOf(key: ConfigKey): TopologyName[] {
  const names = Object.keys(topologies) as TopologyName[];
  const { argument } = key;
  return argument === undefined ? names : names.filter((name) => topologies[name].keys.includes(argument));
}

/** The README's table, as Markdown. */
export function configTable(): string {
  const rows = configKeys.map((entry) => {
    const only = topologiesOf(entry);
    const where =
      only.length === 3 ? "" : `${only.map((name) => name[0]?.toUpperCase() + name.slice(1)).join(" and ")} only. `;
    return [`\`hearth:${entry.key}\``, entry.values, entry.default, where + entry.meaning];
  });
  const lines = [["Key", "Values", "Default", "Meaning"], ["---", "---", "---", "---"], ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}
