import { type Finding, Findings } from "../finding.ts";
import type { Observed } from "../observed.ts";
import { askAs } from "../permissions.ts";
import type { Probe } from "../probe.ts";

/** Refusals of a write, and what mends them. */
const refusals: Readonly<Record<string, string>> = {
  OOM: "The memory is full and nothing may be evicted: raise memory (hearth:memory), or choose an eviction policy (hearth:eviction).",
  MISCONF: "The last snapshot could not be saved, and writes are refused until one can: see persistence.",
  READONLY: "It is a replica: the endpoint, or the sentinels, name the wrong primary.",
  NOREPLICAS: "Too few replicas are connected (min-replicas-to-write): start them again, see replication.",
  CLUSTERDOWN: "Slots are not served, and cluster-require-full-coverage is on: see slots.",
  LOADING: "It still loads its data: wait.",
  BUSY: "A script runs for too long: SCRIPT KILL as the operator.",
};

/** Whether a key can be set, read and deleted on every primary. */
export function checkReadWrite({ endpoint, probes }: Observed): Finding[] {
  const findings = new Findings("read-write");
  if (probes.length === 0) {
    return findings.add("critical", "there is no primary to write to", "See the other findings.").list;
  }
  for (const { name, error, code } of probes) {
    if (error === undefined) continue;
    if (code === "NOPERM") {
      const who = endpoint.username ?? "default";
      const confined = "Where keys are confined to prefixes, that of app may not write hearth:check:*.";
      findings.add("unknown", `${name}: the user ${who} may not write`, `${askAs("SET, GET, DEL")} ${confined}`);
    } else {
      findings.add("critical", `${name}: no key can be written and read: ${error}`, refusals[code ?? ""]);
    }
  }
  return findings.otherwise(() => {
    const slowest = Math.max(...probes.map(timeOf));
    return `a key was set, read and deleted on ${probes.length === 1 ? "1 primary" : `${probes.length} primaries`}, in ${slowest.toFixed(1)} ms at most`;
  });
}

function timeOf({ durations }: Probe): number {
  return durations.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}
