import { describe, expect, it } from "vitest";
import { adviceFor, judge } from "../../../warmer/failure.ts";

describe("an error reply", () => {
  it.each([
    ["LOADING Redis is loading the dataset in memory", "retry"],
    ["TRYAGAIN Multiple keys request during rehashing of slot", "retry"],
    ["BUSY Redis is busy running a script.", "retry"],
    ["NOREPLICAS Not enough good replicas to write.", "retry"],
    ["MASTERDOWN Link with MASTER is down", "retry"],
    ["MOVED 3999 127.0.0.1:6381", "rediscover"],
    ["ASK 3999 127.0.0.1:6381", "rediscover"],
    ["CLUSTERDOWN The cluster is down", "rediscover"],
    ["READONLY You can't write against a read only replica.", "rediscover"],
    ["OOM command not allowed when used memory > 'maxmemory'.", "fatal"],
    ["MISCONF Redis is configured to save RDB snapshots", "fatal"],
    ["NOAUTH Authentication required.", "fatal"],
    ["WRONGPASS invalid username-password pair", "fatal"],
    ["NOPERM User warmer has no permissions to run the 'set' command", "fatal"],
    ["NOPERM No permissions to access a key", "row"],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "row"],
    ["ERR value is not a valid float", "row"],
    ["CROSSSLOT Keys in request don't hash to the same slot", "row"],
  ] as const)("%s: %s", (message, verdict) => {
    expect(judge(message.split(" ")[0] ?? "", message, true)).toBe(verdict);
  });

  it("READONLY ends the run where no other server can take over, with what to do", () => {
    expect(judge("READONLY", "READONLY You can't write against a read only replica.", false)).toBe("fatal");
    expect(adviceFor("READONLY")).toContain("give the primary's address");
    expect(adviceFor("ERR")).toBe("");
  });
});
