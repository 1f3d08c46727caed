import { formatAddress } from "../../../contract/address.ts";
import { reachedAt } from "../../../warmer/redis/nat.ts";
import { type Finding, Findings } from "../finding.ts";
import { type Observed, some, told } from "../observed.ts";
import { askAs } from "../permissions.ts";

const noFailover = "Until then nobody takes over for a primary that fails.";

/** Whether the sentinels are enough to fail over, and name the same primary, which is one. */
export function checkQuorum(observed: Observed): Finding[] {
  const { endpoint, sentinels } = observed;
  if (endpoint.topology !== "sentinel") return [];
  const findings = new Findings("quorum");
  const heard = sentinels.filter(({ error }) => error === undefined);
  if (heard.length <= sentinels.length / 2) {
    const text = `${heard.length} of ${some(sentinels.length, "sentinel")} answered, which is no majority`;
    return findings.add("critical", text, `Start the others again. ${noFailover}`).list;
  }
  const without = heard.filter(({ quorum = "" }) => /^NOQUORUM/.test(quorum));
  for (const { name, quorum = "" } of without) {
    const severity = without.length > sentinels.length / 2 ? "critical" : "warning";
    findings.add(severity, `${name} has no quorum: ${quorum}`, `Start the missing sentinels again. ${noFailover}`);
  }
  const refused = heard.find(({ quorum = "" }) => /^NOPERM/.test(quorum));
  if (refused) findings.add("unknown", `${refused.name} does not tell its quorum`, askAs("SENTINEL CKQUORUM"));
  const ignorant = heard.filter(({ primary }) => primary === undefined);
  for (const { name } of ignorant) {
    findings.add("critical", `${name} watches no primary named "${endpoint.masterName}"`, "Is masterName right?");
  }
  const named = new Map<string, string[]>();
  for (const { name, primary } of heard) {
    if (primary === undefined) continue;
    const place = formatAddress(reachedAt(endpoint, primary));
    named.set(place, [...(named.get(place) ?? []), name]);
  }
  if (named.size > 1) {
    const words = [...named].map(([place, by]) => `${place} (${by.join(", ")})`).join(", ");
    const advice = "They agree within seconds of a failover; if not, pulumi up settles it.";
    findings.add("critical", `the sentinels name different primaries: ${words}`, advice);
  }
  const [place] = [...named].toSorted(([, one], [, other]) => other.length - one.length)[0] ?? [];
  const isMember = endpoint.nodes.some((node) => formatAddress(node) === place);
  const server = told(observed).find(({ name }) => name === place);
  if (server !== undefined && server.info.role !== "master") {
    findings.add(
      "critical",
      `the sentinels name ${place} as primary, which is a replica`,
      "Wait for the failover's end.",
    );
  } else if (place !== undefined && !isMember) {
    const advice = "Clients are sent there: it must be the same server under another name.";
    findings.add("note", `the sentinels name ${place} as primary, which the endpoint does not know`, advice);
  } else if (place !== undefined && observed.servers.find(({ name }) => name === place)?.error) {
    const advice = "Wait for the failover; it begins when the sentinels have noticed.";
    findings.add("critical", `the sentinels name ${place} as primary, which does not answer`, advice);
  }
  return findings.otherwise(() => `${heard.length} of ${some(sentinels.length, "sentinel")} agree on ${place}`);
}
