import { type Finding, Findings } from "../finding.ts";
import { type Observed, silentAboutInfo, some, told } from "../observed.ts";
import { askAs } from "../permissions.ts";
import { isOwner, plannedReplicas } from "../roles.ts";

/** A replica as its primary tells: `ip=127.0.0.1,port=7001,state=online,offset=42,lag=0`. */
interface Follower {
  readonly state: string;
  readonly lag: number;
  readonly place: string;
}

/** Whether there is one primary for each part of the data, with all its replicas connected and close behind. */
export function checkReplication(observed: Observed): Finding[] {
  const { endpoint, thresholds } = observed;
  const findings = new Findings("replication");
  const servers = told(observed);
  const primaries = servers.filter(({ info }) => info.role === "master");
  for (const { name } of silentAboutInfo(observed))
    findings.add("unknown", `${name} does not tell INFO`, askAs("INFO"));
  if (endpoint.topology === "sentinel" && servers.length > 0) {
    const names = primaries.map(({ name }) => name).join(" and ");
    if (primaries.length === 0 && silentAboutInfo(observed).length === 0) {
      findings.add("critical", "no server is primary", "Wait for the failover; without quorum there is none.");
    }
    if (primaries.length > 1) {
      const advice = "Writes to one of them are lost when they agree: see quorum, and pulumi up.";
      findings.add("critical", `${names} are primaries at the same time`, advice);
    }
  }
  const planned = plannedReplicas(observed);
  for (const { name, info } of primaries) {
    if (endpoint.topology === "cluster" && !isOwner(name, observed)) continue;
    const followers = followersIn(info);
    const online = followers.filter(({ state }) => state === "online");
    for (const { place, lag } of online) {
      if (lag <= thresholds.replicaLagSeconds) continue;
      const text = `${name} has heard nothing from its replica ${place} for ${lag} s (limit ${thresholds.replicaLagSeconds} s)`;
      findings.add("warning", text, "Look at the replica's machine and network.");
    }
    if (online.length >= planned) continue;
    const lost = online.length === 0 ? "; the next failure of it loses its data" : "";
    findings.add(
      "warning",
      `${name} has ${online.length} of ${some(planned, "replica")} connected${lost}`,
      "Start those that are gone again: see connection.",
    );
  }
  for (const { name, info } of servers) {
    if (info.role !== "slave" || info.master_link_status === "up") continue;
    const loading = info.master_sync_in_progress === "1";
    const text = loading
      ? `${name} still copies the data of its primary`
      : `the link of ${name} to its primary is down`;
    findings.add("warning", text, loading ? "Wait until it has." : "See its log: the primary's address or password?");
  }
  const replicas = servers.length - primaries.length;
  if (endpoint.topology === "standalone") {
    return findings.otherwise(() => (replicas === 0 ? "one server, without replicas" : "the server is a replica"));
  }
  if (planned === 0) {
    return findings.otherwise(() => "there are no replicas", "note", "A server that fails takes its data with it.");
  }
  return findings.otherwise(
    () =>
      `${primaries.length === 1 ? "1 primary" : `${primaries.length} primaries`}, ${some(replicas, "replica")} connected`,
  );
}

function followersIn(info: Readonly<Record<string, string>>): Follower[] {
  return Object.entries(info).flatMap(([field, text]) => {
    if (!/^slave\d+$/.test(field)) return [];
    const fields = Object.fromEntries(text.split(",").map((part) => part.split("=", 2)));
    return [{ state: fields.state ?? "", lag: Number(fields.lag ?? 0), place: `${fields.ip}:${fields.port}` }];
  });
}
