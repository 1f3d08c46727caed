import type { AclUser } from "./acl.ts";
import type { TopologyName } from "./args.ts";

/**
 * Who may do what: the least that each user needs. promises.ts says the same command by command. Rules are those that
 * Redis 6.0 and later read: there a subcommand can be added (`+config|get`), but not taken away.
 */

/** What an application may be allowed. */
export interface AppRights {
  /** Prefixes of the keys that applications may touch; none: every key. */
  readonly keyPrefixes: readonly string[];
  /** Whether applications may run Lua scripts. */
  readonly scripts: boolean;
}

/** What every client library sends when it connects, and what a cluster's and a Sentinel's clients ask besides. */
const connecting = ["+auth", "+hello", "+ping", "+echo", "+select", "+readonly", "+readwrite", "+asking"];
const describing = ["+client|setname", "+client|getname", "+client|id", "+client|reply", "+client|info", "+command"];
const exploring = ["+cluster|slots", "+cluster|shards", "+cluster|nodes", "+cluster|info", "+cluster|myid"];

/**
 * Channels of applications. Sentinels tell each other on `__sentinel__:hello` which node is the primary: who may write
 * there can send all clients elsewhere. `[^_]*` is every channel that does not begin with an underscore.
 */
const appChannels = ["[^_]*"];

const prefixed = (prefixes: readonly string[]): string[] =>
  prefixes.length === 0 ? ["*"] : prefixes.map((prefix) => `${escapePattern(prefix)}*`);

/** A prefix as a pattern that stands for itself. */
function escapePattern(prefix: string): string {
  return prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
}

function app({ keyPrefixes, scripts }: AppRights): AclUser {
  const tracking = ["+client|tracking", "+client|caching", "+client|trackinginfo", "+client|getredir"];
  const scripting = ["+eval", "+evalsha", "+script|load", "+script|exists"];
  return {
    user: "app",
    keys: prefixed(keyPrefixes),
    channels: appChannels,
    // @dangerous is FLUSHALL, KEYS, CONFIG, DEBUG, SHUTDOWN, REPLICAOF and their like; INFO is what clients ask for
    // when they connect, to see whether a server still loads its data.
    commands: [
      ...["+@all", "-@admin", "-@dangerous", "-@scripting"],
      ...[...connecting, ...describing, ...tracking, "+info", ...exploring],
      ...(scripts ? scripting : []),
    ],
  };
}

function readonlyUser({ keyPrefixes }: AppRights): AclUser {
  return {
    user: "readonly",
    keys: prefixed(keyPrefixes),
    channels: [],
    commands: ["-@all", "+@read", "-@dangerous", ...connecting, ...describing, "+info", ...exploring],
  };
}

/**
 * Writes what applications read, and its own keys `hearth:...`: no command more than it sends (warmer/commands.ts).
 * RESTORE is @dangerous because a damaged payload is: the warmer makes its own. EVAL is how its lock is given back only
 * by who holds it.
 */
const warmer: AclUser = {
  user: "warmer",
  keys: ["*"],
  channels: [],
  commands: [
    ...["-@all", "+select", "+client|setname", "+ping", "+info", "+role", "+cluster|slots", "+cluster|info", "+asking"],
    ...["+set", "+hset", "+restore", "+sadd", "+zadd", "+del", "+time", "+pexpireat", "+rename", "+persist"],
    ...["+dbsize", "+exists", "+pttl", "+get", "+hgetall", "+config|get", "+eval", "+pexpire"],
    // What applications read, for validation without an endpoint of its own.
    ...["+smembers", "+zrange"],
  ],
};

/**
 * Reads figures, no key. Not CONFIG GET, which shows the password of replication: the exporter runs with
 * `--config-command=-`.
 */
const exporter: AclUser = {
  user: "exporter",
  keys: [],
  channels: [],
  commands: [
    ...["-@all", ...connecting, ...describing, ...exploring, "+info"],
    ...["+slowlog|len", "+slowlog|get", "+latency|latest", "+latency|histogram", "+dbsize"],
  ],
};

/** A replica at its primary. */
const replication: AclUser = {
  user: "replication",
  keys: [],
  channels: [],
  commands: ["-@all", "+psync", "+replconf", "+ping"],
};

/** A sentinel at a data node: what Redis's documentation of Sentinel lists. */
const sentinel: AclUser = {
  user: "sentinel",
  keys: [],
  channels: ["*"],
  commands: [
    ...["-@all", "+multi", "+exec", "+slaveof", "+ping", "+subscribe", "+publish", "+config|rewrite", "+role", "+info"],
    ...["+client|setname", "+client|kill", "+script|kill"],
  ],
};

/** Hearth itself, and people in an emergency. */
const operator: AclUser = { user: "operator", keys: ["*"], channels: ["*"], commands: ["+@all"] };

/** On data nodes: Redis before 7.0 loads any code and crashes on demand, unless its users may not ask for it. */
const dataOperator: AclUser = { ...operator, commands: ["+@all", "-module", "-debug"] };

/** The users of a data node. */
export function dataUsers(topology: TopologyName, rights: AppRights): AclUser[] {
  return [
    ...[app(rights), readonlyUser(rights), warmer, exporter],
    ...(topology === "standalone" ? [] : [replication]),
    ...(topology === "sentinel" ? [sentinel] : []),
    dataOperator,
  ];
}

/** What a client asks a sentinel, as Redis's documentation lists it, and its news of failovers. */
const asking = [
  ...["-@all", "+auth", "+hello", "+ping", "+role", "+command", "+subscribe", "+psubscribe", "+unsubscribe"],
  ...["+punsubscribe", "+client|setname", "+client|getname", "+client|id", "+info"],
  ...["get-master-addr-by-name", "master", "masters", "myid", "replicas", "slaves", "sentinels", "ckquorum"].map(
    (name) => `+sentinel|${name}`,
  ),
];

/** The users of a sentinel. Nobody but the operator changes whom it watches. */
export function sentinelUsers(): AclUser[] {
  const client = (user: AclUser["user"]): AclUser => ({ user, keys: [], channels: ["*"], commands: asking });
  return [
    ...[client("app"), client("readonly"), client("warmer"), client("exporter")],
    {
      user: "sentinel",
      keys: [],
      channels: ["*"],
      commands: [
        "-@all",
        "+ping",
        "+publish",
        "+subscribe",
        "+info",
        "+client|setname",
        "+sentinel|is-master-down-by-addr",
      ],
    },
    operator,
  ];
}
