import type { TopologyName } from "./args.ts";
import type { UserName } from "./secrets.ts";

/**
 * What the users of a topology may do, command by command: the README's table "Security", which
 * `npm run test:security` tries on real servers, each command as each user. A command is written so that it does no
 * harm where it is allowed: the server looks at the rights first, and then at the arguments.
 */
export interface Promised {
  /** Which commands, in words. */
  readonly what: string;
  readonly commands: readonly (readonly string[])[];
  /** Who may send them. Everybody else is told NOPERM. */
  readonly users: readonly UserName[];
  /** Where they exist. @default everywhere */
  readonly topologies?: readonly TopologyName[];
}

const everybody: readonly UserName[] = ["app", "readonly", "warmer", "exporter", "replication", "sentinel", "operator"];

/** On data nodes. */
export const dataPromises: readonly Promised[] = [
  {
    what: "Read keys",
    commands: [
      ["GET", "k"],
      ["HGETALL", "k"],
      ["EXISTS", "k"],
      ["PTTL", "k"],
    ],
    users: ["app", "readonly", "warmer", "operator"],
  },
  {
    what: "Write keys",
    commands: [
      ["SET", "k", "v"],
      ["DEL", "k"],
      ["PEXPIREAT", "k", "4000000000000"],
      ["HSET", "h", "f", "v"],
      ["SADD", "s", "m"],
    ],
    users: ["app", "warmer", "operator"],
  },
  {
    what: "Other writes",
    commands: [
      ["APPEND", "a", "v"],
      ["LPUSH", "l", "v"],
      ["UNLINK", "l"],
    ],
    users: ["app", "operator"],
  },
  { what: "Publish", commands: [["PUBLISH", "news", "v"]], users: ["app", "sentinel", "operator"] },
  {
    what: "Publish as a sentinel",
    commands: [["PUBLISH", "__sentinel__:hello", "v"]],
    users: ["sentinel", "operator"],
  },
  {
    what: "Empty the database",
    commands: [
      ["FLUSHALL", "NOW"],
      ["FLUSHDB", "NOW"],
      ["SWAPDB", "0", "x"],
    ],
    users: ["operator"],
  },
  { what: "All keys at once", commands: [["KEYS", "none:*"]], users: ["operator"] },
  {
    what: "Read the configuration",
    commands: [["CONFIG", "GET", "maxmemory"]],
    users: ["warmer", "operator"],
  },
  {
    what: "Change the configuration",
    commands: [
      ["CONFIG", "SET", "maxmemory-samples", "many"],
      ["CONFIG", "RESETSTAT"],
    ],
    users: ["operator"],
  },
  { what: "Write redis.conf", commands: [["CONFIG", "REWRITE"]], users: ["sentinel", "operator"] },
  {
    what: "Users",
    commands: [
      ["ACL", "LIST"],
      ["ACL", "SETUSER", "app", "+@never"],
      ["ACL", "DELUSER", "none"],
    ],
    users: ["operator"],
  },
  { what: "Debug", commands: [["DEBUG", "SLEEP", "0"]], users: [] },
  { what: "Load code", commands: [["MODULE", "LOAD", "/none.so"]], users: [] },
  { what: "Lua", commands: [["EVAL", "return 1", "0"]], users: ["warmer", "operator"] },
  {
    what: "Other scripts",
    commands: [
      ["EVALSHA", "0", "0"],
      ["SCRIPT", "LOAD", "return 1"],
      ["SCRIPT", "FLUSH", "x"],
      ["FUNCTION", "LIST"],
    ],
    users: ["operator"],
  },
  { what: "Kill a script", commands: [["SCRIPT", "KILL"]], users: ["sentinel", "operator"] },
  { what: "End or save the server", commands: [["SHUTDOWN", "x"], ["BGSAVE", "x"], ["LASTSAVE"]], users: ["operator"] },
  { what: "Change whom it follows", commands: [["SLAVEOF", "x", "y"]], users: ["sentinel", "operator"] },
  {
    what: "Fail over",
    commands: [
      ["FAILOVER", "x"],
      ["REPLICAOF", "x", "y"],
    ],
    users: ["operator"],
  },
  { what: "Copy the data as a replica", commands: [["PSYNC", "?", "x"]], users: ["replication", "operator"] },
  { what: "Restore a payload", commands: [["RESTORE", "r", "0", "x"]], users: ["warmer", "operator"] },
  {
    what: "Move keys elsewhere",
    commands: [
      ["MIGRATE", "127.0.0.1", "x", "", "0", "1"],
      ["SORT", "l"],
    ],
    users: ["operator"],
  },
  {
    what: "Other clients",
    commands: [
      ["CLIENT", "LIST"],
      ["CLIENT", "PAUSE", "x"],
    ],
    users: ["operator"],
  },
  { what: "End other clients", commands: [["CLIENT", "KILL", "ID", "0"]], users: ["sentinel", "operator"] },
  {
    what: "Figures of the server",
    commands: [["INFO"]],
    users: ["app", "readonly", "warmer", "exporter", "sentinel", "operator"],
  },
  {
    what: "Slow log and latency",
    commands: [
      ["SLOWLOG", "GET"],
      ["LATENCY", "LATEST"],
    ],
    users: ["exporter", "operator"],
  },
  {
    what: "Forget them",
    commands: [
      ["SLOWLOG", "RESET"],
      ["LATENCY", "RESET", "none"],
    ],
    users: ["operator"],
  },
  { what: "Watch all commands", commands: [["MONITOR"]], users: ["operator"] },
  {
    what: "Change the cluster",
    commands: [
      ["CLUSTER", "RESET", "x"],
      ["CLUSTER", "FAILOVER", "x"],
      ["CLUSTER", "MEET", "x", "y"],
      ["CLUSTER", "FORGET", "x"],
    ],
    users: ["operator"],
    topologies: ["cluster"],
  },
  { what: "Is it there", commands: [["PING"]], users: everybody },
];

/** On sentinels. */
export const sentinelPromises: readonly Promised[] = [
  {
    what: "Who is the primary",
    commands: [
      ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"],
      ["SENTINEL", "REPLICAS", "mymaster"],
    ],
    users: ["app", "readonly", "warmer", "exporter", "operator"],
  },
  {
    what: "Change what is watched",
    commands: [
      ["SENTINEL", "SET", "mymaster", "none", "1"],
      ["SENTINEL", "REMOVE", "none"],
      ["SENTINEL", "RESET", "none"],
      ["SENTINEL", "MONITOR", "none", "x", "y", "1"],
      ["SENTINEL", "CONFIG", "GET", "*"],
    ],
    users: ["operator"],
  },
  { what: "Fail over", commands: [["SENTINEL", "FAILOVER", "none"]], users: ["operator"] },
  {
    what: "Speak as a sentinel",
    commands: [
      ["PUBLISH", "__sentinel__:hello", "x"],
      ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "0", "*"],
    ],
    users: ["sentinel", "operator"],
  },
  {
    what: "End the server, users",
    commands: [
      ["SHUTDOWN", "x"],
      ["ACL", "LIST"],
    ],
    users: ["operator"],
  },
];

/** The README's table, as Markdown. */
export function promisesTable(): string {
  const row = ({ what, commands, users }: Promised, where = "") => {
    const names = [...new Set(commands.map(commandName))].map((name) => `\`${name}\``).join(", ");
    return `| ${what}${where}: ${names} | ${users.length === 0 ? "nobody" : users.length === everybody.length ? "everybody" : users.join(", ")} |`;
  };
  const rows = [
    ...dataPromises.map((promised) => row(promised)),
    ...sentinelPromises.map((promised) => row(promised, " (sentinels)")),
  ];
  return ["| Command | Allowed to |", "| --- | --- |", ...rows].join("\n");
}

const containers = [
  "CONFIG",
  "ACL",
  "SCRIPT",
  "CLIENT",
  "CLUSTER",
  "SENTINEL",
  "SLOWLOG",
  "LATENCY",
  "MODULE",
  "DEBUG",
  "FUNCTION",
];

function commandName([command = "", first = ""]: readonly string[]): string {
  if (command === "PUBLISH" && first.startsWith("__")) return `${command} ${first}`;
  return containers.includes(command) ? `${command} ${first}` : command;
}
