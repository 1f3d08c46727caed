import { duration } from "../../../warmer/figures.ts";
import { type Finding, Findings } from "../finding.ts";
import { type Observed, silentAboutInfo, some, told } from "../observed.ts";
import { askAs } from "../permissions.ts";

/** A snapshot may take its time: so many times its interval make it late. */
const late = 3;

/** Whether what should be on disk is. */
export function checkPersistence(observed: Observed): Finding[] {
  const findings = new Findings("persistence");
  const kinds = new Set<string>();
  for (const { name } of silentAboutInfo(observed))
    findings.add("unknown", `${name} does not tell INFO`, askAs("INFO"));
  const servers = told(observed);
  for (const { name, info, save } of servers) {
    if (info.loading === "1") {
      const left = Number(info.loading_eta_seconds ?? 0);
      findings.add("critical", `${name} still loads its data, for about ${left} s more`, "Wait until it has.");
    }
    if (info.rdb_last_bgsave_status === "err") {
      const advice =
        "Is the disk full, or its folder not the server's? Its log tells; writes may be refused until then.";
      findings.add("warning", `${name} could not save its last snapshot`, advice);
    }
    const appends = info.aof_enabled === "1";
    if (appends && info.aof_last_write_status === "err") {
      const advice = "Is the disk full? Its log tells. Writes are refused until then.";
      findings.add("critical", `${name} could not write its append-only file`, advice);
    }
    if (appends && info.aof_last_bgrewrite_status === "err") {
      const advice = "Is the disk full? Its log tells. Until then the file grows.";
      findings.add("warning", `${name} could not rewrite its append-only file`, advice);
    }
    judgeAge(findings, name, info, save, observed.now);
    if (appends) kinds.add("append-only file");
    if (save !== undefined && save !== "") kinds.add("snapshots");
  }
  if (servers.length === 0) return findings.list;
  const known = servers.some(({ save }) => save !== undefined);
  if (!known && !kinds.has("append-only file")) {
    const text = `${some(servers.length, "server")} saved well; whether snapshots are taken is not known`;
    return findings.otherwise(() => text, "ok", askAs("CONFIG GET"));
  }
  return findings.otherwise(() =>
    kinds.size === 0 ? "nothing is kept on disk, as configured" : `${[...kinds].join(" and ")}: all was saved well`,
  );
}

/** Snapshots that are due and do not come. `save` reads `900 1 300 10`: after 900 s with 1 change, ... */
function judgeAge(
  findings: Findings,
  name: string,
  info: Readonly<Record<string, string>>,
  save: string | undefined,
  now: Date,
): void {
  const words = (save ?? "").split(" ").filter(Boolean).map(Number);
  const changes = Number(info.rdb_changes_since_last_save ?? 0);
  const due = words.filter((_, index) => index % 2 === 0 && changes >= (words[index + 1] ?? 0));
  const saved = Number(info.rdb_last_save_time ?? 0);
  if (due.length === 0 || saved === 0) return;
  const age = now.getTime() / 1000 - saved;
  if (age <= late * Math.min(...due)) return;
  const text = `${name} took its last snapshot ${duration(age * 1000)} ago, with ${changes} changes since`;
  findings.add("warning", text, "One is due: its log tells why there is none.");
}
