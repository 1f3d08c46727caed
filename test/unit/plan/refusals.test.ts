import { describe, expect, it } from "vitest";
import { topologies } from "../../../infra/plan/check.ts";
import { said } from "../../support/said.ts";
import { tuning } from "./refusals/tuning.ts";

const aSize =
  'is not a size: write a number of bytes, or a whole number with k, m, g (thousands) or kb, mb, gb (1024s), as in "256mb"';
const aTime =
  'is not a time: write a number of milliseconds, or a number with ms, seconds, minutes, hours or days, as in "5 seconds"';
const policies =
  'choose one of "noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"';
const takes = `is not an argument of RedisStandalone, which takes ${topologies.standalone.keys.join(", ")}`;
const aName = "is not a name: write lower-case letters, digits and hyphens, a letter first, at most 40";

// What is unsafe, and has no row here or in refusals-topologies.test.ts:
// - No authentication with a bind beyond loopback cannot be written: `default` is off in every ACL (plan/acl.ts), and
//   requirepass, aclfile and protected-mode are refused among extraDirectives.
// - A replica with less memory than its primary cannot be written: `memory` is that of every data node.
// - What only the machine knows is refused by its checks, in the preview as well: memory of the host
//   (unit/host/findings.test.ts), ports, versions and a foreign folder (e2e/ops/local-host.test.ts), values of
//   directives (e2e/stack/failures.test.ts).
// - TLS files that do not match: tls.test.ts. Networks and addresses: refusals-firewall.test.ts.
// - A plan larger than the memory with noeviction is known once rows are looked at: e2e/stack/memory.test.ts.
describe("arguments of every topology", () => {
  it.each<[object, string]>([
    [{ memory: "lots" }, `memory: "lots" ${aSize}`],
    [{ memory: "256 MB" }, `memory: "256 MB" ${aSize}; did you mean "256mb"?`],
    [{ memory: "0.5gb" }, `memory: "0.5gb" ${aSize}; did you mean "512mb"?`],
    [{ memory: "2GiB" }, `memory: "2GiB" ${aSize}; did you mean "2gb"?`],
    [{ memory: 256 }, 'memory: 256 is too little: write "1mb" to "16384gb", such as "256mb"; did you mean "256mb"?'],
    [
      { memory: "512kb" },
      'memory: "512kb" is too little: write "1mb" to "16384gb", such as "256mb"; did you mean "512mb"?',
    ],
    [{ memory: "20000gb" }, 'memory: "20000gb" is too much: write "1mb" to "16384gb"'],
    [{ memory: -1 }, `memory: -1 ${aSize}`],
    [{ memory: true }, `memory: true ${aSize}`],
    [{ memory: { apply: "an Output" } }, `memory: an Output, known only later, ${aSize}`],
    [
      { port: { apply: "" } },
      "port: an Output, known only later, is not a port: write a port from 1024 to 65535, such as 6379",
    ],
    [{ eviction: "allkeys-lur" }, `eviction: "allkeys-lur" is not known: ${policies}; did you mean "allkeys-lru"?`],
    [{ eviction: "LRU" }, `eviction: "LRU" is not known: ${policies}; did you mean "allkeys-lru"?`],
    [{ persistence: "rdb" }, 'persistence: "rdb" is not known: choose one of "none", "snapshots", "aof", "aof-always"'],
    [
      { persistence: "snapshot" },
      'persistence: "snapshot" is not known: choose one of "none", "snapshots", "aof", "aof-always"; did you mean "snapshots"?',
    ],
    [{ password: "short" }, "password: has 5 characters: write 16 to 512, or leave it out to have one generated"],
    [
      { password: "p".repeat(513) },
      "password: has 513 characters: write 16 to 512, or leave it out to have one generated",
    ],
    [{ password: "0123456789abcdef\n" }, "password: ends with a new line: remove it (printf writes none, echo does)"],
    [{ password: "0123456789\tabcdef" }, "password: contains a control character: write printable characters only"],
    [
      { password: 12345678 },
      "password: is not a text but a number: write a text of 16 to 512 characters, or leave it out to have one generated",
    ],
    [{ port: 80 }, "port: 80 needs root: write a port from 1024 to 65535, such as 6379"],
    [{ port: 70000 }, "port: 70000 is not a port: write a port from 1024 to 65535, such as 6379"],
    [
      { port: "6379" },
      'port: "6379" is not a port: write a port from 1024 to 65535, such as 6379; did you mean 6379, without quotes?',
    ],
    [{ port: 0 }, "port: 0 is not a port: write a port from 1024 to 65535, such as 6379"],
    [{ database: 16 }, "database: 16 is not allowed: write a whole number from 0 to 15, such as 0"],
    [{ database: -1 }, "database: -1 is not allowed: write a whole number from 0 to 15, such as 0"],
    [{ database: 1.5 }, "database: 1.5 is not allowed: write a whole number from 0 to 15, such as 0"],
    [
      { database: "1" },
      'database: "1" is not a number: write a whole number from 0 to 15; did you mean 1, without quotes?',
    ],
    [{ timeout: "5" }, `timeout: "5" ${aTime}; did you mean "5 seconds" or "5 ms"?`],
    [
      { timeout: "1500 ms" },
      'timeout: "1500 ms" is not a whole number of seconds, as Redis needs it: write "2 seconds"',
    ],
    [
      { tcpKeepalive: "1 day" },
      'tcpKeepalive: "1 day" is not allowed: write "0 seconds" to "32767 seconds", such as "300 seconds"',
    ],
    [{ timeout: "3 fortnights" }, `timeout: "3 fortnights" ${aTime}`],
    [{ slowlog: 10 }, 'slowlog: 10 is not a set of arguments: write { slowerThan: "10 ms", maxLen: 128 }'],
    [{ slowlog: { slowerThan: "10 m" } }, `slowlog.slowerThan: "10 m" ${aTime}; did you mean "10 minutes"?`],
    [
      { slowlog: { maxLen: -1 } },
      "slowlog.maxLen: -1 is not allowed: write a whole number from 0 to 1000000, such as 128",
    ],
    [
      { slowlog: { slowerthan: "10 ms" } },
      'slowlog.slowerthan: is not an argument of slowlog, which takes slowerThan, maxLen; did you mean "slowerThan"?',
    ],
    [{ hz: 0 }, "hz: 0 is not allowed: write a whole number from 1 to 500, such as 10"],
    [{ hz: 501 }, "hz: 501 is not allowed: write a whole number from 1 to 500, such as 10"],
    [
      { bind: "localhost" },
      'bind: "localhost" is not an IP address: write addresses separated by spaces; did you mean "127.0.0.1"?',
    ],
    [
      { bind: "127.0.0.1,10.0.0.1" },
      'bind: "127.0.0.1,10.0.0.1" is not an IP address: write addresses separated by spaces',
    ],
    [{ bind: "*" }, 'bind: "*" is not an IP address: write addresses separated by spaces; did you mean "0.0.0.0"?'],
    [{ bind: "" }, 'bind: "" is not an IP address: write addresses separated by spaces'],
    [
      { directory: "/" },
      'directory: "/" is removed by destroy, and so must be a folder of its own: write a path such as ".hearth/cache", or leave it out',
    ],
    [
      { directory: "~/redis" },
      'directory: "~/redis" begins with ~, which only a shell understands: write a path such as ".hearth/cache", or leave it out',
    ],
    [{ directory: 5 }, "directory: 5 is not a text: write it in quotes"],
    [
      { extraDirectives: "maxclients 5" },
      'extraDirectives: "maxclients 5" is not a set of directives: write their names with their values, as in { "maxmemory-samples": "10" }',
    ],
    [{ extraDirectives: { Port: "1" } }, "extraDirectives.Port: is set by the argument port: use that"],
    [
      { extraDirectives: { "tls-port": "6380" } },
      "extraDirectives.tls-port: cannot be set: Hearth decides what is encrypted; leave it out",
    ],
    [
      { extraDirectives: { "rename-command": "KEYS x" } },
      "extraDirectives.rename-command: cannot be set: Hearth decides what clients are denied; leave it out",
    ],
    [
      { extraDirectives: { "protected-mode": "no" } },
      "extraDirectives.protected-mode: cannot be set: Hearth decides who can log in; leave it out",
    ],
    [{ extraDirectives: { maxmemory: "1gb" } }, "extraDirectives.maxmemory: is set by the argument memory: use that"],
    [
      { extraDirectives: { requirepass: "x" } },
      "extraDirectives.requirepass: is set by the argument password: use that",
    ],
    [
      { extraDirectives: { aclfile: "/x" } },
      "extraDirectives.aclfile: cannot be set: Hearth decides who can log in; leave it out",
    ],
    [
      { extraDirectives: { "tcp-nodelay": "yes" } },
      "extraDirectives.tcp-nodelay: is not a directive of Redis: Redis always sets TCP_NODELAY for clients; leave it out",
    ],
    [
      { extraDirectives: { "vm.overcommit_memory": "1" } },
      "extraDirectives.vm.overcommit_memory: is not a directive of Redis: it is a setting of the kernel (sysctl vm.overcommit_memory=1)",
    ],
    [
      { extraDirectives: { "max clients": "1" } },
      "extraDirectives.max clients: is not the name of a directive: write a single one, as redis.conf names it, such as maxmemory-samples",
    ],
    [{ extraDirectives: { maxclients: 5 } }, 'extraDirectives.maxclients: 5 is not a text: write "5"'],
    [{ extraDirectives: { rdbchecksum: false } }, 'extraDirectives.rdbchecksum: false is not a text: write "no"'],
    [
      { extraDirectives: { maxclients: "5\nport 1" } },
      'extraDirectives.maxclients: "5\\nport 1" contains a control character: write one line of plain text',
    ],
    [
      { extraDirectives: { save: [] } },
      "extraDirectives.save: [] has no value: write at least one, or leave the directive out",
    ],
    [
      { extraDirectives: { maxclients: '"5"' } },
      'extraDirectives.maxclients: "\\"5\\"" contains a quote: write the arguments separated by spaces, without quotes',
    ],
    [{ extraDirectives: { maxclients: {} } }, "extraDirectives.maxclients: {} is not a text or a list of texts"],
    [{ memmory: "1gb" }, `memmory: ${takes}; did you mean "memory"?`],
    [{ quorum: 2 }, "quorum: is an argument of RedisSentinel, not of RedisStandalone: leave it out"],
    [{ replicas: 2 }, "replicas: is an argument of RedisSentinel, not of RedisStandalone: leave it out"],
    [{ colour: "red" }, `colour: ${takes}`],
    ...tuning,
  ])("%j", (args, message) => {
    expect(said("standalone", args)).toEqual([message]);
  });

  it("never quotes a password", () => {
    for (const password of [
      "secret",
      "secret".repeat(100),
      "secret-secret-secret\n",
      "secret-secret\u0007secret",
      12345,
    ]) {
      expect(said("cluster", { password }).join()).not.toMatch(/secret|12345/);
    }
  });
});

describe("names", () => {
  it.each([
    ["Cache", `name: "Cache" ${aName}; did you mean "cache"?`],
    ["my_cache", `name: "my_cache" ${aName}; did you mean "my-cache"?`],
    ["1-cache", `name: "1-cache" ${aName}; did you mean "cache"?`],
    ["c".repeat(41), `name: "${"c".repeat(41)}" ${aName}; did you mean "${"c".repeat(40)}"?`],
    ["", `name: "" ${aName}`],
  ])("%j", (name, message) => {
    expect(said("standalone", {}, name)).toEqual([message]);
  });
});
