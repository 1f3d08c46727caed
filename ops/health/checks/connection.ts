import { type Finding, Findings } from "../finding.ts";
import { type Observed, some } from "../observed.ts";

/** Whether every server answers, and how soon. */
export function checkConnection({ endpoint, servers, sentinels, thresholds }: Observed): Finding[] {
  const findings = new Findings("connection");
  const silent = [...servers, ...sentinels].filter(({ error }) => error !== undefined);
  // With servers left the cache may serve: whether it does is for the other checks to tell.
  const none = servers.every(({ error }) => error !== undefined);
  for (const { name, error = "" } of silent) {
    const isData = servers.some((server) => server.name === name);
    findings.add(none && isData ? "critical" : "warning", `${name} cannot be asked: ${error}`, adviceFor(error));
  }
  for (const { name, pingMs = 0 } of servers) {
    if (pingMs <= thresholds.pingMs) continue;
    const text = `${name} took ${pingMs.toFixed(0)} ms to answer PING (limit ${thresholds.pingMs} ms)`;
    findings.add("warning", text, "Look for slow commands (SLOWLOG GET), a busy machine, or a slow network.");
  }
  const slowest = Math.max(...servers.map(({ pingMs = 0 }) => pingMs));
  const all = servers.length + sentinels.length;
  const who = `as the user ${endpoint.username ?? "default"}`;
  return findings.otherwise(() => `${some(all, "server")} answered ${who}, PING took ${slowest.toFixed(1)} ms at most`);
}

function adviceFor(error: string): string {
  if (/^(WRONGPASS|NOAUTH|NOPERM)|invalid password|ERR AUTH/.test(error)) {
    return "Make the endpoint anew (pulumi stack output endpoint --json --show-secrets): its login is of another time or cache.";
  }
  if (/certificate|TLS|tls\./.test(error)) return "See docs/tls.md.";
  if (/ECONNREFUSED/.test(error)) return "Nothing listens there: start the server (pulumi refresh, then pulumi up).";
  if (/closed the connection|ECONNRESET/.test(error)) {
    return "The server hung up: does it speak TLS, and the endpoint not, or is maxclients reached?";
  }
  return "Look whether the server runs, hangs or is cut off by a firewall.";
}
