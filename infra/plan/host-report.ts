import type { HostFinding, HostMode, HostReport } from "../../contract/host.ts";

/** What is not as it should be about the machine, one line each, with what mends it: all sysctls in one command. */
export function formatHostReport({ findings }: HostReport, mode: HostMode): string {
  const things = findings.length === 1 ? "1 thing" : `${findings.length} things`;
  const hint = mode === "check" ? '"apply" sets what it may, "off" says nothing' : '"off" says nothing';
  const sysctls = findings.flatMap(({ sysctl }) => sysctl ?? []);
  const all = sysctls.length === 0 ? [] : [`Fix of the sysctls, for root: ${sysctlCommand(sysctls)}`];
  return [
    `this machine has ${things} otherwise than Redis wants it (hostTuning: ${hint}):`,
    ...findings.map(line),
    ...all,
  ].join("\n");
}

function line({ setting, found, wanted, why, fix, sysctl }: HostFinding): string {
  return ` - ${setting}: ${found}, wanted ${wanted}: ${why}${sysctl === undefined ? `. Fix: ${fix}` : ""}`;
}

/** Sets them now, and after a restart: what sysctl prints is what its files hold. */
function sysctlCommand(sysctls: readonly string[]): string {
  return `sudo sysctl -w ${sysctls.join(" ")} | sudo tee -a /etc/sysctl.d/60-redis.conf`;
}
