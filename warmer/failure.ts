/** What an error reply means for the run. */
export type Verdict =
  /** This row is lost; the run goes on. */
  | "row"
  /** The row is sent again: the server is busy, loading, or its cluster is changing. */
  | "retry"
  /** As `retry`, after asking where the primaries are. */
  | "rediscover"
  /** Every row would end the same way: the run ends. */
  | "fatal";

const RETRY = new Set(["LOADING", "TRYAGAIN", "BUSY", "NOREPLICAS", "MASTERDOWN"]);
const REDISCOVER = new Set(["MOVED", "ASK", "CLUSTERDOWN"]);
const FATAL = new Set(["OOM", "WRONGPASS", "NOAUTH", "MISCONF"]);

/** What to do about each reason that ends a run. */
const ADVICE: Readonly<Record<string, string>> = {
  OOM: "Redis has reached maxmemory and may not evict: raise maxmemory, choose an eviction policy, or lower the limits of the datasets",
  READONLY: "this server is a replica: give the primary's address, or a sentinel endpoint, which finds the primary",
  WRONGPASS: "the user name or password is wrong, or the user is disabled",
  NOAUTH: "this Redis asks for a password: set `password` (and `username`) of the endpoint",
  NOPERM:
    "the ACL user may not do this: it needs the commands set, hset, sadd, zadd, del, pexpireat and restore on these keys, and for sets of more than 1,000 members rename and persist, also on hearth:*",
  MISCONF: "Redis refuses writes because it cannot save to disk: look at its log and at the free space",
};

/**
 * What an error reply means.
 * @param movable whether another server may take over (Sentinel, cluster)
 */
export function judge(code: string, message: string, movable: boolean): Verdict {
  if (RETRY.has(code)) return "retry";
  if (REDISCOVER.has(code)) return "rediscover";
  // After a failover the old primary answers so until the new one is asked.
  if (code === "READONLY") return movable ? "rediscover" : "fatal";
  // A user that may not touch this key may still write others; one that may not use the command cannot write at all.
  if (code === "NOPERM") return /\bkeys?\b/i.test(message) ? "row" : "fatal";
  return FATAL.has(code) ? "fatal" : "row";
}

/** The likely fix, or an empty string. */
export function adviceFor(code: string): string {
  return ADVICE[code] ?? "";
}

/** An error of Redis with the likely fix. */
export function withAdvice(message: string, code: string): Error {
  const advice = adviceFor(code);
  return new Error(advice === "" ? message : `${message} (${advice})`);
}
