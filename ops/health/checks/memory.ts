import { bytes, percent } from "../../../warmer/figures.ts";
import { type Finding, Findings } from "../finding.ts";
import { type Observed, silentAboutInfo, told } from "../observed.ts";
import { askAs } from "../permissions.ts";

/** Fragmentation of a small memory says nothing. */
const leastFragmented = 100e6;
const mostFragmentation = 1.5;

/** How full the memory is. Where keys may be evicted, a full memory is no failure, but keys go before their time. */
export function checkMemory(observed: Observed): Finding[] {
  const { thresholds, window } = observed;
  const findings = new Findings("memory");
  const shares: { readonly name: string; readonly share: number; readonly limit: number }[] = [];
  for (const { name } of silentAboutInfo(observed))
    findings.add("unknown", `${name} does not tell INFO`, askAs("INFO"));
  for (const { name, info } of told(observed)) {
    const [used, limit] = [Number(info.used_memory ?? 0), Number(info.maxmemory ?? 0)];
    if (limit === 0) continue;
    const share = used / limit;
    shares.push({ name, share, limit });
    const figures = `${name} uses ${percent(share)} of ${bytes(limit)} (${info.maxmemory_policy})`;
    const evicts = mayEvict(info);
    if (share > thresholds.memory.critical && !evicts) {
      const advice =
        "Writes are refused when it is full: raise memory (hearth:memory), or let keys be evicted (hearth:eviction).";
      findings.add("critical", figures, advice);
    } else if (share > thresholds.memory.warning) {
      const advice = evicts
        ? "Keys are evicted when it is full, and miss: raise memory (hearth:memory), or shorten times to live."
        : "Raise memory (hearth:memory) before it is full.";
      findings.add("warning", figures, advice);
    }
    const fragmentation = Number(info.mem_fragmentation_ratio ?? 1);
    if (fragmentation > mostFragmentation && used > leastFragmented) {
      const text = `${name} holds ${fragmentation.toFixed(1)} times the memory that its data takes`;
      findings.add("note", text, "Set activeDefrag (hearth:activeDefrag), or restart it.");
    }
  }
  judgeUnlimited(findings, observed);
  if (window !== undefined && window.evicted > 0) {
    const text = `${window.evicted} keys were evicted in the last ${window.seconds.toFixed(0)} s`;
    findings.add("note", text, "Each will miss: raise memory (hearth:memory) if they are asked for again.");
  }
  const fullest = shares.toSorted((one, other) => other.share - one.share)[0];
  if (fullest === undefined) return findings.list;
  return findings.otherwise(
    () => `${percent(fullest.share)} of ${bytes(fullest.limit)} used at most (${fullest.name})`,
  );
}

/** `volatile-*` evicts only keys with a time to live: without one it refuses writes as well. */
function mayEvict(info: Readonly<Record<string, string>>): boolean {
  const policy = info.maxmemory_policy ?? "noeviction";
  if (!policy.startsWith("volatile-")) return policy !== "noeviction";
  return Object.entries(info).some(([name, text]) => /^db\d+$/.test(name) && !/expires=0\b/.test(text));
}

/** Servers that take what they can get: said once, with the one that takes most. */
function judgeUnlimited(findings: Findings, observed: Observed): void {
  const unlimited = told(observed)
    .filter(({ info }) => Number(info.maxmemory ?? 0) === 0)
    .map(({ name, info }) => {
      const [used, machine] = [Number(info.used_memory_rss ?? 0), Number(info.total_system_memory ?? 0)];
      return { name, used, share: machine > 0 ? used / machine : 0 };
    })
    .toSorted((one, other) => other.share - one.share || other.used - one.used);
  const [largest] = unlimited;
  if (largest === undefined) return;
  const { name, used, share } = largest;
  const who = unlimited.length === 1 ? `${name} has` : `${unlimited.length} servers have`;
  const ofMachine = share > 0 ? `, ${percent(share)} of its machine's` : "";
  const text = `${who} no limit (maxmemory 0); ${name} uses ${bytes(used)}${ofMachine}`;
  const severity = share > observed.thresholds.memory.warning ? "warning" : "note";
  findings.add(severity, text, "Set maxmemory: the kernel ends whoever takes all.");
}
