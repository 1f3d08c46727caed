/**
 * Commands of Redis that Hearth's warmer sends, as rules of an ACL name them: `+${name}` for each allows all that is
 * needed and nothing else (test/e2e/warmer/commands.test.ts). AUTH, HELLO and QUIT need no rule. Without one of those
 * that only help, the warmer goes on and says what it does without: see each list.
 */

/**
 * On data nodes, the user of a warming: `hearth warm` with all its options, `pulumi up`, `refresh` and `destroy`.
 * Keys: those of the plan, and `hearth:*` (lock, notes of how far it is, markers, probes).
 *
 * Without RESTORE hashes are written with HSET; without CONFIG GET small ones only are restored; without INFO memory
 * and evictions are not watched; without EVAL a lock ends by its expiry; without TIME or PEXPIREAT keys are given a life
 * from now on (PEXPIRE), which costs Redis more.
 */
export const warmerCommands: readonly string[] = [
  // Connecting, and finding the primaries.
  ...["select", "client|setname", "ping", "info", "role", "cluster|slots", "cluster|info", "asking"],
  // Values: strings and JSON; hashes by either engine; sets and sorted sets.
  ...["set", "hset", "restore", "sadd", "zadd", "del"],
  // Keys expire at a time of the server's own clock.
  ...["time", "pexpireat"],
  // Sets of more than 1,000 members are put together under `hearth:part:*`.
  ...["rename", "persist"],
  // What is there already: sizes, --only-missing, the engine's probe, markers and notes.
  ...["dbsize", "exists", "pttl", "get", "hgetall", "config|get"],
  // The lock is renewed and given back only where it is still held: EVAL of GET with PEXPIRE or DEL.
  ...["eval", "pexpire"],
];

/**
 * On data nodes, the user of the application, over whose endpoint validation reads: `hearth validate`, and a warming
 * with an endpoint of its own. Keys: those of the plan; none is written.
 *
 * Without DBSIZE, an empty cache and `minKeys` of `hearth validate` are not told.
 */
export const validationCommands: readonly string[] = [
  ...["select", "client|setname", "cluster|slots", "asking"],
  ...["exists", "pttl", "get", "hgetall", "smembers", "zrange", "dbsize"],
];

/** On sentinels, either user. */
export const sentinelCommands: readonly string[] = [
  ...["client|setname", "sentinel|get-master-addr-by-name", "sentinel|sentinels"],
];
