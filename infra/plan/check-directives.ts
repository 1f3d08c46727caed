import type { ArgumentChecker } from "./check-values.ts";
import { covered, directiveMeant, directive as known } from "./directives/directives.ts";
import { show } from "./units.ts";

// Directives that an argument sets: to have two ways of saying the same would only let them disagree.
const byArgument: Readonly<Record<string, string>> = {
  activedefrag: "activeDefrag",
  appendfsync: "persistence",
  appendonly: "persistence",
  bind: "bind",
  "cluster-node-timeout": "nodeTimeout",
  "hash-max-listpack-entries": "encodings.hashMaxListpackEntries",
  "hash-max-listpack-value": "encodings.hashMaxListpackValue",
  "hash-max-ziplist-entries": "encodings.hashMaxListpackEntries",
  "hash-max-ziplist-value": "encodings.hashMaxListpackValue",
  hz: "hz",
  "io-threads": "ioThreads",
  "latency-monitor-threshold": "latencyMonitorThreshold",
  "list-max-listpack-size": "encodings.listMaxListpackSize",
  "list-max-ziplist-size": "encodings.listMaxListpackSize",
  maxmemory: "memory",
  "maxmemory-clients": "maxmemoryClients",
  "maxmemory-policy": "eviction",
  "min-replicas-max-lag": "minReplicasMaxLag",
  "min-replicas-to-write": "minReplicas",
  "min-slaves-max-lag": "minReplicasMaxLag",
  "min-slaves-to-write": "minReplicas",
  port: "port",
  requirepass: "password",
  "set-max-intset-entries": "encodings.setMaxIntsetEntries",
  "set-max-listpack-entries": "encodings.setMaxListpackEntries",
  "set-max-listpack-value": "encodings.setMaxListpackValue",
  "slowlog-log-slower-than": "slowlog.slowerThan",
  "slowlog-max-len": "slowlog.maxLen",
  "tcp-keepalive": "tcpKeepalive",
  timeout: "timeout",
  "zset-max-listpack-entries": "encodings.zsetMaxListpackEntries",
  "zset-max-listpack-value": "encodings.zsetMaxListpackValue",
  "zset-max-ziplist-entries": "encodings.zsetMaxListpackEntries",
  "zset-max-ziplist-value": "encodings.zsetMaxListpackValue",
};

// Directives that are part of something that Hearth promises. A star stands for any text.
const byHearth: Readonly<Record<string, string>> = {
  "acl*": "who can log in",
  "append*name": "where files are",
  "cluster-announce-*": "how nodes find each other",
  "cluster-config-file": "where files are",
  "cluster-enabled": "the topology",
  "cluster-port": "how nodes find each other",
  daemonize: "how processes are found again",
  databases: "which databases there are",
  dbfilename: "where files are",
  dir: "where files are",
  "enable-*": "what clients are denied",
  include: "where files are",
  "loadmodule*": "what code runs in the server",
  logfile: "where files are",
  masterauth: "who can log in",
  masteruser: "who can log in",
  pidfile: "how processes are found again",
  "protected-mode": "who can log in",
  "rename-command": "what clients are denied",
  "replica-announce-*": "how nodes find each other",
  replicaof: "the topology",
  "sentinel*": "the topology",
  "slave-announce-*": "how nodes find each other",
  slaveof: "the topology",
  supervised: "how processes are found again",
  "tls-*": "what is encrypted",
  "unixsocket*": "who can connect",
  user: "who can log in",
};

// Found in guides to Redis, and unknown to Redis.
const unknownToRedis: Readonly<Record<string, string>> = {
  "tcp-nodelay": "Redis always sets TCP_NODELAY for clients; leave it out",
  "vm.overcommit": "it is a setting of the kernel (sysctl vm.overcommit_memory=1)",
};

/** Refuses extra directives that are not names with texts, or that would undo a guarantee. */
export function checkExtraDirectives(args: ArgumentChecker): void {
  const extra = args.value("extraDirectives");
  if (extra === undefined) return;
  if (typeof extra !== "object" || extra === null || Array.isArray(extra)) {
    args.refuse(
      "extraDirectives",
      `${show(extra)} is not a set of directives: write their names with their values, as in { "maxmemory-samples": "10" }`,
    );
    return;
  }
  for (const [name, value] of Object.entries(extra)) {
    const problem = nameProblem(name) ?? valueProblem(value);
    if (problem !== undefined) args.refuse(`extraDirectives.${name}`, problem);
  }
}

function nameProblem(name: string): string | undefined {
  const directive = name.toLowerCase();
  const unknown = Object.entries(unknownToRedis).find(([prefix]) => directive.startsWith(prefix));
  if (unknown) return `is not a directive of Redis: ${unknown[1]}`;
  if (!/^[a-z][a-z0-9_-]*$/.test(directive)) {
    return "is not the name of a directive: write a single one, as redis.conf names it, such as maxmemory-samples";
  }
  if (Object.hasOwn(byArgument, directive)) return `is set by the argument ${byArgument[directive]}: use that`;
  const promise = Object.entries(byHearth).find(([pattern]) => matches(directive, pattern));
  if (promise) return `cannot be set: Hearth decides ${promise[1]}; leave it out`;
  if (known(directive) !== undefined) return undefined;
  return `is not a directive of Redis ${covered}: check its name against redis.conf${directiveMeant(name)}`;
}

function matches(directive: string, pattern: string): boolean {
  const [start = "", end] = pattern.split("*");
  return end === undefined ? directive === pattern : directive.startsWith(start) && directive.endsWith(end);
}

function valueProblem(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    if (value.length === 0) return "[] has no value: write at least one, or leave the directive out";
    return value.map(valueProblem).find((problem) => problem !== undefined);
  }
  if (typeof value === "number") return `${value} is not a text: write "${value}"`;
  if (typeof value === "boolean") return `${value} is not a text: write "${value ? "yes" : "no"}"`;
  if (typeof value !== "string") return `${show(value)} is not a text or a list of texts`;
  // Control characters could begin a directive of their own; quotes would change where arguments end.
  if (/\p{Cc}/u.test(value)) return `${show(value)} contains a control character: write one line of plain text`;
  if (/["']/.test(value))
    return `${show(value)} contains a quote: write the arguments separated by spaces, without quotes`;
  return undefined;
}
