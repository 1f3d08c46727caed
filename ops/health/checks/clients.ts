import { count, percent } from "../../../warmer/figures.ts";
import { type Finding, Findings } from "../finding.ts";
import { type Observed, silentAboutInfo, told } from "../observed.ts";
import { askAs } from "../permissions.ts";

/** Whether there is room for more clients. */
export function checkClients(observed: Observed): Finding[] {
  const { thresholds, window } = observed;
  const findings = new Findings("clients");
  let [most, of] = [0, 0];
  for (const { name } of silentAboutInfo(observed))
    findings.add("unknown", `${name} does not tell INFO`, askAs("INFO"));
  for (const { name, info } of told(observed)) {
    const [connected, limit] = [Number(info.connected_clients ?? 0), Number(info.maxclients ?? 0)];
    if (connected >= most) [most, of] = [connected, limit];
    if (limit === 0) continue;
    const share = connected / limit;
    const text = `${name} has ${count(connected)} clients, ${percent(share)} of ${count(limit)}`;
    const advice = "Close connections that nobody uses (timeout), share them, or raise maxclients.";
    if (share > thresholds.clients.critical) findings.add("critical", text, advice);
    else if (share > thresholds.clients.warning) findings.add("warning", text, advice);
  }
  if (window !== undefined && window.rejected > 0) {
    const text = `${count(window.rejected)} connections were rejected in the last ${window.seconds.toFixed(0)} s`;
    findings.add("critical", text, "maxclients is reached: look for clients that open a connection for each request.");
  }
  if (of === 0 && most === 0) return findings.list;
  return findings.otherwise(() => `${count(most)} clients of ${of === 0 ? "any number" : count(of)} at most`);
}
