import { formatAddress } from "../../../contract/address.ts";
import { type Finding, Findings } from "../finding.ts";
import type { Observed } from "../observed.ts";
import { askAs } from "../permissions.ts";
import { countSlots, slotCount } from "../placement.ts";

const lostSlots =
  "Start the servers that own them again; where they are gone for good, pulumi up gives the slots away.";

/** Whether every slot of a cluster is served. */
export function checkSlots({ endpoint, servers, owners }: Observed): Finding[] {
  if (endpoint.topology !== "cluster") return [];
  const findings = new Findings("slots");
  const answering = servers.filter(({ error }) => error === undefined);
  if (answering.length === 0) return findings.add("critical", "no server tells who owns which slots").list;
  const telling = answering.flatMap(({ name, cluster }) => (cluster === undefined ? [] : [{ name, cluster }]));
  if (telling.length === 0) {
    return findings.add("unknown", "no server tells the cluster's state", askAs("CLUSTER INFO")).list;
  }
  const failing = telling.filter(({ cluster }) => cluster.cluster_state !== "ok");
  const well = telling.find(({ cluster }) => cluster.cluster_state === "ok");
  if (failing.length === telling.length) {
    findings.add("critical", "the cluster's state is fail: requests are refused", "See the findings below.");
  } else {
    for (const { name } of failing) {
      const advice = "It is cut off from the others, or has just come back.";
      findings.add("warning", `${name} says that the cluster's state is fail`, advice);
    }
  }
  const { name, cluster } = well ?? telling[0] ?? { name: "", cluster: {} };
  const figure = (field: string) => Number(cluster[field] ?? 0);
  const assigned = figure("cluster_slots_assigned");
  if (assigned < slotCount) {
    const advice = "Give them an owner: pulumi up does.";
    findings.add("critical", `${slotCount - assigned} of ${slotCount} slots have no owner, as ${name} sees it`, advice);
  }
  const failed = figure("cluster_slots_fail");
  if (failed > 0) findings.add("critical", `${failed} slots are not served: their primary has failed`, lostSlots);
  const doubted = figure("cluster_slots_pfail");
  if (doubted > 0) {
    const advice = "A failover begins when the majority thinks so.";
    findings.add("warning", `${doubted} slots have a primary that ${name} cannot reach`, advice);
  }
  const silent = servers.filter(({ error }) => error !== undefined).map((server) => server.name);
  for (const owner of owners ?? []) {
    const place = formatAddress(owner.address);
    if (failed + doubted > 0 || !silent.includes(place)) continue;
    findings.add("critical", `${countSlots(owner)} slots belong to ${place}, which does not answer`, lostSlots);
  }
  return findings.otherwise(
    () => `${slotCount} of ${slotCount} slots are served by ${owners?.length ?? "the"} primaries`,
  );
}
