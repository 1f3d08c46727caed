/** Rows of the table of refusals: arguments of RedisStandalone, and all that is said about them. */
export type Refused = [args: object, message: string];

const aSize =
  'is not a size: write a number of bytes, or a whole number with k, m, g (thousands) or kb, mb, gb (1024s), as in "256mb"';
const directive = (name: string, message: string): Refused => [
  { extraDirectives: { [name]: "1" } },
  `extraDirectives.${name}: ${message}`,
];
const limit = (key: string, value: unknown, message: string): Refused => [
  { encodings: { [key]: value } },
  `encodings.${key}: ${message}`,
];
const unknown = "is not a directive of Redis 6.0 to 8.0: check its name against redis.conf";

const evicts = (policy: string, meant: string) =>
  `eviction: "${policy}" removes any key when the memory is full, and purpose is "data": write "noeviction"; did you mean "${meant}", which removes only keys that have a TTL?`;

/** Memory, encodings, threads, latency, and the directives of redis.conf. */
export const tuning: Refused[] = [
  [{ purpose: "data", eviction: "allkeys-lru" }, evicts("allkeys-lru", "volatile-lru")],
  [{ purpose: "data", eviction: "allkeys-lfu" }, evicts("allkeys-lfu", "volatile-lfu")],
  [{ purpose: "data", eviction: "allkeys-random" }, evicts("allkeys-random", "volatile-random")],
  [
    { purpose: "data", persistence: "none" },
    'persistence: "none" loses every key at a restart, and purpose is "data": write "snapshots", "aof" or "aof-always", or purpose "cache"',
  ],
  [{ purpose: "date" }, 'purpose: "date" is not known: choose one of "cache", "data"; did you mean "data"?'],
  [
    { memory: "1gb", memoryLimit: "1gb" },
    'memory: "1gb" is not less than memoryLimit, "1gb": nothing would be left for clients, replication and snapshots; write at most "768mb"',
  ],
  [
    { memory: "2gb", memoryLimit: "500m" },
    'memory: "2gb" is not less than memoryLimit, "500000000": nothing would be left for clients, replication and snapshots; write at most "357mb"',
  ],
  [{ memoryLimit: "1mb" }, 'memoryLimit: "1mb" is too little: write "2mb" to "16384gb", such as "512mb"'],
  [{ memoryLimit: "1 GB" }, `memoryLimit: "1 GB" ${aSize}; did you mean "1gb"?`],
  [{ maxmemoryClients: "x" }, `maxmemoryClients: "x" ${aSize}`],
  [{ maxmemoryClients: "0%" }, 'maxmemoryClients: "0%" is not a share of memory: write "1%" to "100%", such as "25%"'],
  [
    { maxmemoryClients: "250%" },
    'maxmemoryClients: "250%" is not a share of memory: write "1%" to "100%", such as "25%"',
  ],
  [
    { maxmemoryClients: "64kb" },
    'maxmemoryClients: "64kb" is too little: write "1mb" to "16384gb", such as "64mb"; did you mean "64mb"?',
  ],
  [
    { latencyMonitorThreshold: "2 hours" },
    'latencyMonitorThreshold: "2 hours" is not allowed: write "0 seconds" to "1 hour", such as "100 ms"',
  ],
  [{ ioThreads: 0 }, "ioThreads: 0 is not allowed: write a whole number from 1 to 128, such as 1"],
  [{ ioThreads: 129 }, "ioThreads: 129 is not allowed: write a whole number from 1 to 128, such as 1"],
  [{ cores: 0.5 }, "cores: 0.5 is not allowed: write a whole number from 1 to 1024, such as 1"],
  [
    { lazyfree: "yes" },
    'lazyfree: "yes" is neither true nor false: write one of them; did you mean true, without quotes?',
  ],
  [{ activeDefrag: 1 }, "activeDefrag: 1 is neither true nor false: write one of them"],
  [{ encodings: 512 }, "encodings: 512 is not a set of arguments: write { hashMaxListpackValue: 128 }"],
  limit("hashMaxListpackEntries", -1, "-1 is not allowed: write a whole number from 0 to 65536, such as 512"),
  limit(
    "hashMaxListpackValue",
    2_000_000,
    "2000000 is not allowed: write a whole number from 0 to 1048576, such as 64",
  ),
  limit("listMaxListpackSize", -6, "-6 is not allowed: write a whole number from -5 to 65536, such as -2"),
  limit("listMaxListpackSize", 0, "0 is no size: write 1 to 65536 entries, or -1 (4 kB) to -5 (64 kB), such as -2"),
  limit(
    "zsetMaxListpackEntries",
    "128",
    '"128" is not a number: write a whole number from 0 to 65536; did you mean 128, without quotes?',
  ),
  limit("hashMaxZiplistValue", 64, "is the name of Redis 6: write hashMaxListpackValue"),
  limit(
    "hashMaxListpackValues",
    64,
    'is not an argument of encodings, which takes hashMaxListpackEntries, hashMaxListpackValue, listMaxListpackSize, setMaxIntsetEntries, setMaxListpackEntries, setMaxListpackValue, zsetMaxListpackEntries, zsetMaxListpackValue; did you mean "hashMaxListpackValue"?',
  ),
  directive("maxmemory-sample", `${unknown}; did you mean "maxmemory-samples"?`),
  directive("repl-backlog", `${unknown}; did you mean "repl-backlog-ttl"?`),
  directive("Max_Clients", `${unknown}; did you mean "maxclients"?`),
  directive("completely-made-up", unknown),
  directive("constructor", unknown),
  directive("maxmemory-clients", "is set by the argument maxmemoryClients: use that"),
  directive("appendfsync", "is set by the argument persistence: use that"),
  directive("hash-max-ziplist-value", "is set by the argument encodings.hashMaxListpackValue: use that"),
  directive("ACTIVEDEFRAG", "is set by the argument activeDefrag: use that"),
  directive("io-threads", "is set by the argument ioThreads: use that"),
  directive("latency-monitor-threshold", "is set by the argument latencyMonitorThreshold: use that"),
  directive("min-slaves-to-write", "is set by the argument minReplicas: use that"),
  directive("bind", "is set by the argument bind: use that"),
  directive("include", "cannot be set: Hearth decides where files are; leave it out"),
  directive("loadmodule", "cannot be set: Hearth decides what code runs in the server; leave it out"),
  directive("user", "cannot be set: Hearth decides who can log in; leave it out"),
  directive("masteruser", "cannot be set: Hearth decides who can log in; leave it out"),
  directive("replicaof", "cannot be set: Hearth decides the topology; leave it out"),
  directive("cluster-enabled", "cannot be set: Hearth decides the topology; leave it out"),
  directive("cluster-announce-ip", "cannot be set: Hearth decides how nodes find each other; leave it out"),
  directive("dir", "cannot be set: Hearth decides where files are; leave it out"),
  directive("daemonize", "cannot be set: Hearth decides how processes are found again; leave it out"),
  directive("enable-debug-command", "cannot be set: Hearth decides what clients are denied; leave it out"),
  directive("enable-protected-configs", "cannot be set: Hearth decides what clients are denied; leave it out"),
  directive("tls-ciphers", "cannot be set: Hearth decides what is encrypted; leave it out"),
];
